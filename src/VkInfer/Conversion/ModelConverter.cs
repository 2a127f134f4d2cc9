using VkInfer.Formats;
using VkInfer.Loading;

namespace VkInfer;

/// <summary>Writes models as GGUF files that llama.cpp loads. Stateless and safe to use from any thread.</summary>
public static class ModelConverter
{
    private const int SliceBytes = 8 << 20;

    /// <summary>Types that matrices can be converted to.</summary>
    public static IReadOnlyList<GgufTensorType> SupportedTypes { get; } =
        [.. Enum.GetValues<GgufTensorType>().Where(RowConverter.CanWrite)];

    /// <summary>Converts a model.</summary>
    /// <param name="input">A GGUF file, any part of a split one, or a Hugging Face folder.</param>
    /// <param name="output">The GGUF file to write; replaced once the new one is whole.</param>
    /// <param name="type">
    /// What matrices become, one of <see cref="SupportedTypes"/>; the embedding and the output projection keep at least eight bits, and
    /// rows that are no whole blocks stay as they are. Null: all stay.
    /// </param>
    /// <param name="progress">Told how many bytes are written.</param>
    /// <param name="cancellationToken">Ends it, and removes what was written.</param>
    /// <exception cref="FileNotFoundException">No such model.</exception>
    /// <exception cref="ModelFormatException">A file is damaged or of another format.</exception>
    /// <exception cref="UnsupportedModelException">The model, or its tokenizer, is of a kind that is not written.</exception>
    /// <exception cref="ArgumentException">The type is none of those, or the output is the input.</exception>
    /// <exception cref="IOException">The output cannot be written, or is a directory, a device or a pipe.</exception>
    public static void Convert(
        string input, string output, GgufTensorType? type = null, IProgress<LoadProgress>? progress = null,
            CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(input);
        ArgumentException.ThrowIfNullOrEmpty(output);
        if (type is { } asked && !SupportedTypes.Contains(asked))
        {
            throw new ArgumentException($"Matrices cannot become {asked}; expected one of {string.Join(", ", SupportedTypes)}.",
                nameof(type));
        }

        using ModelSource source = ModelSource.Open(input);
        if (Path.GetFullPath(source.Path) == Path.GetFullPath(output))
        {
            throw new ArgumentException($"{output} is the model that is read.", nameof(output));
        }

        NewFile.RequireReplaceable(output);
        GgufFileWriter writer = Prepare(source, type, progress, cancellationToken);
        NewFile.Write(output, writer.Write);
    }

    private static GgufFileWriter Prepare(ModelSource source, GgufTensorType? type, IProgress<LoadProgress>? progress,
        CancellationToken cancellation)
    {
        var writer = new GgufFileWriter();
        Func<GgufTensor, long, long> oldRow = source switch
        {
            GgufModelSource gguf => GgufMetadata.Copy(gguf.File, writer),
            HfModelSource folder => FolderMetadata.Write(folder, writer),
            _ => throw new ArgumentException($"{source.GetType().Name} is not converted.", nameof(source)),
        };
        GgufMetadata.SetFileType(writer, type);
        long done = 0;
        foreach (GgufTensor tensor in source.Weights.Tensors)
        {
            GgufTensorType target = TargetType(tensor, type);
            writer.AddTensor(tensor.Name, target, tensor.Dimensions, stream =>
            {
                int rowsPerSlice = (int)Math.Clamp(SliceBytes / tensor.RowBytes, 1, tensor.Rows);
                for (long row = 0; row < tensor.Rows; row += rowsPerSlice)
                {
                    cancellation.ThrowIfCancellationRequested();
                    int count = (int)Math.Min(rowsPerSlice, tensor.Rows - row);
                    byte[] rows = ReadRows(source.Weights, tensor, row, count, oldRow);
                    byte[] bytes = RowConverter.ConvertRows(tensor.Type, rows, count, checked((int)tensor.Columns), target);
                    stream.Write(bytes);
                    done += bytes.Length;
                    progress?.Report(new LoadProgress("Writing", Math.Min(done, writer.DataBytes), writer.DataBytes));
                }
            });
        }

        return writer;
    }

    private static byte[] ReadRows(IWeightSource source, GgufTensor tensor, long first, int count, Func<GgufTensor, long, long> oldRow)
    {
        int rowBytes = checked((int)tensor.RowBytes);
        byte[] bytes = new byte[checked(rowBytes * count)];
        for (int i = 0; i < count;)
        {
            // Rows that stand together are read together.
            long start = oldRow(tensor, first + i);
            int run = 1;
            while (i + run < count && oldRow(tensor, first + i + run) == start + run)
            {
                run++;
            }

            source.ReadTensor(tensor, start * rowBytes, bytes.AsSpan(i * rowBytes, run * rowBytes));
            i += run;
        }

        return bytes;
    }

    /// <summary>Vectors are float32, as llama.cpp wants them; matrices become what is asked for where they can.</summary>
    private static GgufTensorType TargetType(GgufTensor tensor, GgufTensorType? asked)
    {
        if (!Dequantizer.IsSupported(tensor.Type))
        {
            return tensor.Type;
        }

        if (tensor.Rows == 1)
        {
            return GgufTensorType.F32;
        }

        if (asked is not { } type)
        {
            return tensor.Type;
        }

        bool isEnd = tensor.Name is "token_embd.weight" or "output.weight";
        GgufTensorType target = isEnd && Quantizer.IsSupported(type) ? GgufTensorType.Q8_0 : type;
        return tensor.Columns % GgufTensorTypes.BlockSize(target) == 0 ? target : tensor.Type;
    }
}
