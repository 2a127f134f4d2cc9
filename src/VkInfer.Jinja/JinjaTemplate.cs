namespace VkInfer.Jinja;

/// <summary>
/// A parsed template, rendered as Python's jinja2 renders it in the sandbox that Hugging Face uses for chat templates. It reaches
/// nothing but its variables and the clock. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// Not there: inheritance, inclusion and imports (a chat template is one text), integers beyond 64 bits (an error), and the filters
/// that make HTML or wrap text (pprint, random, striptags, urlize, wordwrap, xmlattr). Loop filters and the filters map, select and
/// their kin are evaluated at once and not while the result is read.
/// </remarks>
public sealed class JinjaTemplate
{
    private readonly Block _body;
    private readonly JinjaOptions _options;

    private JinjaTemplate(Block body, JinjaOptions options)
    {
        _body = body;
        _options = options;
    }

    /// <summary>Parses a template.</summary>
    /// <param name="source">The template's text.</param>
    /// <param name="options">How to read it; null: as Hugging Face does.</param>
    /// <exception cref="JinjaException">The source is no template, or exceeds a limit.</exception>
    public static JinjaTemplate Parse(string source, JinjaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        options ??= new JinjaOptions();
        ArgumentNullException.ThrowIfNull(options.Limits);
        ArgumentNullException.ThrowIfNull(options.Clock);
        if (source.Length > options.Limits.SourceLength)
        {
            throw JinjaException.Limit($"the template has {source.Length} characters; at most {options.Limits.SourceLength} are allowed");
        }

        List<Token> tokens = new Lexer(source, options).Read();
        return new JinjaTemplate(new Parser(tokens, options.Limits.SourceDepth).Parse(), options);
    }

    /// <summary>Renders the template.</summary>
    /// <param name="variables">
    /// What it sees. Values: null, bool, int, long, double, string, <see cref="System.Text.Json.JsonElement"/>, and enumerations of
    /// values or of string-keyed pairs; they are copied.
    /// </param>
    /// <exception cref="JinjaException">The template fails, or exceeds a limit.</exception>
    /// <exception cref="ArgumentException">A variable is of another type.</exception>
    public string Render(IEnumerable<KeyValuePair<string, object?>> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        var context = new RenderContext(_options);
        try
        {
            foreach ((string? name, object? value) in variables)
            {
                context.Globals.Set(name, Import.Value(value, context.Budget));
            }

            _body.Execute(context);
            return context.Output.ToString();
        }
        catch (JinjaException exception) when (exception.Line == 0)
        {
            exception.Line = context.Line;
            throw;
        }
    }
}
