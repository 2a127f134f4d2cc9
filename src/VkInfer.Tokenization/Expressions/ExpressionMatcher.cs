using System.Buffers;

namespace VkInfer.Tokenization;

/// <summary>Matches an <see cref="Expression"/> in one text, with a stack of its own.</summary>
internal ref struct ExpressionMatcher : IDisposable
{
    /// <summary>Steps that a text may take: some, and some for each character.</summary>
    private const long BaseSteps = 10_000_000;
    private const long StepsPerCharacter = 200;

    /// <summary>Steps for each character after which failures are remembered.</summary>
    private const long CarefreeSteps = 16;

    /// <summary>Most ways that are kept in mind.</summary>
    private const int MaxFrames = 1 << 23;

    /// <summary>Most failures that are remembered, in bits.</summary>
    private const long MaxMemo = 1L << 28;

    private const int Fail = -1;

    private readonly ExpressionProgram _program;
    private readonly ReadOnlySpan<char> _text;
    private readonly int[] _slots;
    private Frame[] _stack;
    private int _top;
    private long _steps;
    private long _nextCheck;
    private int _searchBegin;
    private ulong[]? _failures;

    /// <summary>Within how many looks behind matching is; there what fails depends on where it must end.</summary>
    private int _behind;

    public ExpressionMatcher(ExpressionProgram program, ReadOnlySpan<char> text)
    {
        _program = program;
        _text = text;
        _slots = program.Slots == 2 ? [] : new int[program.Slots];
        _stack = ArrayPool<Frame>.Shared.Rent(64);
        _nextCheck = 4096 + (CarefreeSteps * text.Length);
    }

    /// <summary>What is done when the way that was tried fails.</summary>
    private enum FrameKind
    {
        /// <summary>Goes on at another step.</summary>
        Branch,

        /// <summary>Gives one code point of a greedy loop back.</summary>
        Shorten,

        /// <summary>Takes one code point more into a lazy loop.</summary>
        Lengthen,

        /// <summary>Restores a slot.</summary>
        Restore,

        /// <summary>Remembers that a step fails at a place.</summary>
        Remember,
    }

    /// <summary>Whether the search was ended because it took too many steps.</summary>
    public bool IsExhausted { get; private set; }

    /// <summary>Finds the first match that begins at or behind a place.</summary>
    public bool TryFind(int from, out int start, out int end)
    {
        _searchBegin = from;
        CodePointSet? first = _program.First;
        for (start = from; start <= _text.Length; start += start < _text.Length ? LengthAt(start) : 1)
        {
            if (first is not null && (start == _text.Length || !first.Contains(CodePointAt(start))))
            {
                continue;
            }

            if (_program.HasReferences)
            {
                Array.Fill(_slots, -1);
            }

            end = Run(0, start, -1);
            if (end >= 0)
            {
                return true;
            }

            if (IsExhausted)
            {
                break;
            }
        }

        end = start;
        return false;
    }

    /// <inheritdoc/>
    public readonly void Dispose() => ArrayPool<Frame>.Shared.Return(_stack);

    /// <summary>Runs a part of the program; returns where its match ends, or -1.</summary>
    /// <param name="step">Its first step.</param>
    /// <param name="position">Where it begins.</param>
    /// <param name="mustEnd">Where its match must end; -1 for anywhere.</param>
    private int Run(int step, int position, int mustEnd)
    {
        int bottom = _top;
        Instruction[] program = _program.Steps;
        while (true)
        {
            if (++_steps > _nextCheck && !MayGoOn())
            {
                _top = bottom;
                return Fail;
            }

            Instruction now = program[step];
            bool succeeds = true;
            switch (now.Operation)
            {
                case Operation.Accept:
                    succeeds = mustEnd < 0 || position == mustEnd;
                    if (succeeds)
                    {
                        Drop(bottom);
                        return position;
                    }

                    break;
                case Operation.Set:
                    succeeds = position < _text.Length && now.Set!.Contains(CodePointAt(position));
                    if (succeeds)
                    {
                        position += LengthAt(position);
                        step++;
                    }

                    break;
                case Operation.Loop:
                    succeeds = !Failed(now, position) && Loop(now, step, ref position);
                    step++;
                    break;
                case Operation.Split:
                    succeeds = !Failed(now, position) && Split(now, step, position, out step);
                    break;
                case Operation.Jump:
                    step = now.X;
                    break;
                case Operation.Anchor:
                    succeeds = Holds((Anchor)now.X, position);
                    step++;
                    break;
                case Operation.LookAhead:
                    succeeds = Run(step + 1, position, -1) >= 0 != now.IsNegative;
                    step = now.Y;
                    break;
                case Operation.LookBehind:
                    succeeds = LooksBehind(step + 1, position, now.Width) != now.IsNegative;
                    step = now.Y;
                    break;
                case Operation.Atomic:
                    position = Run(step + 1, position, -1);
                    succeeds = position >= 0;
                    step = now.Y;
                    break;
                case Operation.Store:
                    Push(new Frame(FrameKind.Restore, now.X, _slots[now.X], 0));
                    _slots[now.X] = position;
                    step++;
                    break;
                case Operation.LeaveIfEmpty:
                    step = _slots[now.X] == position ? now.Y : step + 1;
                    break;
                default:
                    succeeds = TryReference(now, ref position);
                    step++;
                    break;
            }

            if ((!succeeds || IsExhausted) && !Backtrack(bottom, ref step, ref position))
            {
                return Fail;
            }
        }
    }

    /// <summary>Chooses a way by what comes next, and keeps the other one in mind.</summary>
    private bool Split(Instruction now, int step, int position, out int next)
    {
        int c = position < _text.Length ? CodePointAt(position) : -1;
        bool canFirst = now.Set is null || (c >= 0 && now.Set.Contains(c));
        bool canOther = now.Other is null || (c >= 0 && now.Other.Contains(c));
        next = canFirst ? now.X : now.Y;
        if (canFirst && canOther)
        {
            Push(new Frame(FrameKind.Branch, step, position, 0));
        }

        return canFirst || canOther;
    }

    private bool Loop(Instruction now, int step, ref int position)
    {
        int start = position;
        int count = 0;
        int most = now.Kind == RepeatKind.Lazy ? now.X : now.Y;
        CodePointSet set = now.Set!;
        int fewest = now.X == 0 ? start : -1;
        while (count < most && position < _text.Length && set.Contains(CodePointAt(position)))
        {
            position += LengthAt(position);
            if (++count == now.X)
            {
                fewest = position;
            }
        }

        _steps += count >> 2;
        if (count < now.X)
        {
            return false;
        }

        if (now.Kind == RepeatKind.Greedy && position > fewest)
        {
            RememberAt(step, start);
            Push(new Frame(FrameKind.Shorten, step, position, fewest));
        }
        else if (now.Kind == RepeatKind.Lazy && count < now.Y)
        {
            RememberAt(step, start);
            Push(new Frame(FrameKind.Lengthen, step, position, count));
        }

        return true;
    }

    /// <summary>Takes up the way that was kept in mind last; false where none is left.</summary>
    private bool Backtrack(int bottom, ref int step, ref int position)
    {
        if (IsExhausted)
        {
            _top = bottom;
            return false;
        }

        while (_top > bottom)
        {
            Frame frame = _stack[--_top];
            switch (frame.Kind)
            {
                case FrameKind.Branch:
                    RememberAt(frame.Step, frame.Position);
                    step = _program.Steps[frame.Step].Y;
                    position = frame.Position;
                    return true;
                case FrameKind.Shorten:
                    position = Before(frame.Position);
                    if (position > frame.Extra)
                    {
                        Push(frame with { Position = position });
                    }

                    step = frame.Step + 1;
                    return true;
                case FrameKind.Lengthen:
                    Instruction loop = _program.Steps[frame.Step];
                    if (frame.Position >= _text.Length || !loop.Set!.Contains(CodePointAt(frame.Position)))
                    {
                        break;
                    }

                    position = frame.Position + LengthAt(frame.Position);
                    if (frame.Extra + 1 < loop.Y)
                    {
                        Push(frame with { Position = position, Extra = frame.Extra + 1 });
                    }

                    step = frame.Step + 1;
                    return true;
                case FrameKind.Restore:
                    _slots[frame.Step] = frame.Position;
                    break;
                default:
                    long bit = Bit(frame.Step, frame.Position);
                    _failures![bit >> 6] |= 1UL << (int)(bit & 63);
                    break;
            }
        }

        return false;
    }

    private bool LooksBehind(int step, int position, (int Min, int Max) width)
    {
        int start = position;
        for (int count = 0; count <= width.Max; count++)
        {
            _behind++;
            bool matches = count >= width.Min && Run(step, start, position) >= 0;
            _behind--;
            if (matches)
            {
                return true;
            }

            if (start == 0 || IsExhausted)
            {
                return false;
            }

            start = Before(start);
        }

        return false;
    }

    private readonly bool Holds(Anchor anchor, int position) => anchor switch
    {
        Anchor.TextBegin => position == 0,
        Anchor.TextEnd => position == _text.Length,
        Anchor.LastLineEnd => position == _text.Length || (position == _text.Length - 1 && _text[position] == '\n'),
        Anchor.LineBegin => position == 0 || (position < _text.Length && _text[position - 1] == '\n'),
        Anchor.LineEnd => position == _text.Length || _text[position] == '\n',
        Anchor.WordBoundary => IsWordBoundary(position),
        Anchor.NoWordBoundary => !IsWordBoundary(position),
        _ => position == _searchBegin,
    };

    private readonly bool IsWordBoundary(int position)
    {
        bool before = position > 0 && ExpressionParser.WordCharacters.Contains(CodePointAt(Before(position)));
        bool after = position < _text.Length && ExpressionParser.WordCharacters.Contains(CodePointAt(position));
        return before != after;
    }

    private readonly bool TryReference(Instruction now, ref int position)
    {
        (int start, int end) = (_slots[now.X], _slots[now.X + 1]);
        if (start < 0 || end < start || end - start > _text.Length - position)
        {
            return false;
        }

        ReadOnlySpan<char> captured = _text[start..end];
        ReadOnlySpan<char> here = _text.Slice(position, captured.Length);
        position += captured.Length;
        return now.IsNegative ? captured.Equals(here, StringComparison.OrdinalIgnoreCase) : captured.SequenceEqual(here);
    }

    /// <summary>Whether a step is known to fail at a place.</summary>
    private readonly bool Failed(Instruction now, int position)
    {
        if (_failures is null || _behind > 0)
        {
            return false;
        }

        long bit = ((long)now.Memo * (_text.Length + 1)) + position;
        return ((_failures[bit >> 6] >> (int)(bit & 63)) & 1) != 0;
    }

    private readonly long Bit(int step, int position) => ((long)_program.Steps[step].Memo * (_text.Length + 1)) + position;

    /// <summary>Has it remembered, once all ways of a step have failed, that it fails at a place.</summary>
    private void RememberAt(int step, int position)
    {
        if (_failures is not null && _behind == 0)
        {
            Push(new Frame(FrameKind.Remember, step, position, 0));
        }
    }

    /// <summary>Called now and then: begins to remember failures, or ends the search.</summary>
    private bool MayGoOn()
    {
        long bits = (long)_program.Memos * (_text.Length + 1);
        if (_failures is null && bits is > 0 and <= MaxMemo)
        {
            _failures = new ulong[(bits + 63) >> 6];
        }

        _nextCheck = BaseSteps + (StepsPerCharacter * _text.Length);
        IsExhausted = _steps > _nextCheck;
        return !IsExhausted;
    }

    /// <summary>Forgets the ways of a part that has matched; captures keep what restores them.</summary>
    private void Drop(int bottom)
    {
        int kept = bottom;
        if (_program.HasReferences)
        {
            for (int i = bottom; i < _top; i++)
            {
                if (_stack[i].Kind == FrameKind.Restore)
                {
                    _stack[kept++] = _stack[i];
                }
            }
        }

        _top = kept;
    }

    private void Push(Frame frame)
    {
        if (_top == _stack.Length)
        {
            if (_top >= MaxFrames)
            {
                IsExhausted = true;
                return;
            }

            Frame[] larger = ArrayPool<Frame>.Shared.Rent(_stack.Length * 2);
            _stack.CopyTo(larger, 0);
            ArrayPool<Frame>.Shared.Return(_stack);
            _stack = larger;
        }

        _stack[_top++] = frame;
    }

    private readonly int CodePointAt(int position)
    {
        char c = _text[position];
        return char.IsHighSurrogate(c) ? char.ConvertToUtf32(c, _text[position + 1]) : c;
    }

    private readonly int LengthAt(int position) => char.IsHighSurrogate(_text[position]) ? 2 : 1;

    private readonly int Before(int position) => position - (char.IsLowSurrogate(_text[position - 1]) ? 2 : 1);

    private readonly record struct Frame(FrameKind Kind, int Step, int Position, int Extra);
}
