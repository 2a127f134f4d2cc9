using System.Collections.Concurrent;
using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>
/// Creates pipelines, once for each shader and set of constants, and keeps them. Thread-safe; different pipelines compile in parallel.
/// </summary>
internal sealed unsafe class PipelineRegistry : IDisposable
{
    private readonly DeviceContext _context;
    private readonly PipelineLayouts _layouts;
    private readonly PipelineCacheFile _file;
    private readonly PipelineCache _cache;
    private readonly ConcurrentDictionary<Key, Lazy<ComputePipeline>> _pipelines = new();
    private readonly ConcurrentDictionary<Key, bool> _planned = new();
    private readonly PipelineQueue _queue = new();

    public PipelineRegistry(DeviceContext context)
    {
        _context = context;
        _layouts = new PipelineLayouts(context);
        _file = new PipelineCacheFile(context.CacheFolder, context.Info);
        _cache = CreateCache(_file.Load());
    }

    public ComputePipeline Get(ShaderCode shader, SpecializationConstants constants, int? subgroupSize, bool fullSubgroups)
    {
        var key = new Key(shader, constants, subgroupSize, fullSubgroups);
        Lazy<ComputePipeline> entry =
            _pipelines.GetOrAdd(key, static (key, self) => new Lazy<ComputePipeline>(() => self.Create(key)), this);
        try
        {
            return entry.Value;
        }
        catch
        {
            // A failure is told to those who wait for it, and tried anew by the next caller.
            _pipelines.TryRemove(new KeyValuePair<Key, Lazy<ComputePipeline>>(key, entry));
            throw;
        }
    }

    /// <summary>Has a pipeline compiled by another thread, for <see cref="Get"/> to find.</summary>
    /// <returns>A pipeline without a handle.</returns>
    public ComputePipeline Plan(ShaderCode shader, SpecializationConstants constants, int? subgroupSize, bool fullSubgroups)
    {
        var key = new Key(shader, constants, subgroupSize, fullSubgroups);
        if (!_pipelines.ContainsKey(key) && _planned.TryAdd(key, true))
        {
            _queue.Add(() => Get(shader, constants, subgroupSize, fullSubgroups));
        }

        return new ComputePipeline(_context, default, default, default, shader, 0);
    }

    /// <summary>Writes the cache to disk if it has grown.</summary>
    public void Save()
    {
        _queue.Dispose();
        nuint size = 0;
        if (!_file.IsEnabled
            || _context.Vk.GetPipelineCacheData(_context.Handle, _cache, &size, null) != Result.Success || size == 0)
        {
            return;
        }

        byte[] data = new byte[size];
        fixed (byte* first = data)
        {
            if (_context.Vk.GetPipelineCacheData(_context.Handle, _cache, &size, first) == Result.Success)
            {
                _file.Save(data.AsSpan(0, (int)size));
            }
        }
    }

    public void Dispose()
    {
        _queue.Dispose();
        foreach (Lazy<ComputePipeline> entry in _pipelines.Values)
        {
            if (entry.IsValueCreated)
            {
                _context.Vk.DestroyPipeline(_context.Handle, entry.Value.Handle, null);
            }
        }

        _pipelines.Clear();
        _context.Vk.DestroyPipelineCache(_context.Handle, _cache, null);
        _layouts.Dispose();
    }

    private PipelineCache CreateCache(byte[]? data)
    {
        fixed (byte* first = data)
        {
            var info = new PipelineCacheCreateInfo
            {
                SType = StructureType.PipelineCacheCreateInfo,
                InitialDataSize = (nuint)(data?.Length ?? 0),
                PInitialData = first,
            };
            PipelineCache cache;
            Result result = _context.Vk.CreatePipelineCache(_context.Handle, &info, null, &cache);
            if (result < Result.Success && data is not null)
            {
                return CreateCache(null);
            }

            _context.Check(result, "vkCreatePipelineCache");
            return cache;
        }
    }

    private ComputePipeline Create(Key key)
    {
        ShaderReflection reflection = key.Shader.Reflection;
        DeviceCapabilities limits = _context.Info.Capabilities;
        var subgroups = SubgroupRequest.Of(limits, reflection.WorkgroupWith(key.Constants), key.SubgroupSize, key.FullSubgroups);
        PipelineLimits.Check(limits, key.Shader, key.Constants, subgroups);
        int pushSize = (reflection.PushConstantSize + 3) & ~3;
        PipelineLayout layout = _layouts.Pipeline(reflection.Bindings.Count, pushSize);
        ShaderModule module = CreateModule(key.Shader);
        try
        {
            return new ComputePipeline(
                _context, CreatePipeline(key, subgroups, layout, module), layout,
                _layouts.Set(reflection.Bindings.Count), key.Shader, pushSize);
        }
        finally
        {
            _context.Vk.DestroyShaderModule(_context.Handle, module, null);
        }
    }

    private ShaderModule CreateModule(ShaderCode shader)
    {
        // SPIR-V is words: a copy is sure to be aligned.
        uint[] words = new uint[shader.SpirV.Length / 4];
        shader.SpirV.Span.CopyTo(System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan()));
        fixed (uint* first = words)
        {
            var info = new ShaderModuleCreateInfo
            {
                SType = StructureType.ShaderModuleCreateInfo,
                CodeSize = (nuint)shader.SpirV.Length,
                PCode = first,
            };
            ShaderModule module;
            _context.Check(
                _context.Vk.CreateShaderModule(_context.Handle, &info, null, &module), $"vkCreateShaderModule('{shader.Name}')");
            return module;
        }
    }

    private Pipeline CreatePipeline(Key key, SubgroupRequest subgroups, PipelineLayout layout, ShaderModule module)
    {
        ReadOnlySpan<(uint Id, uint Value)> entries = key.Constants.Entries;
        SpecializationMapEntry* map = stackalloc SpecializationMapEntry[Math.Max(entries.Length, 1)];
        uint* values = stackalloc uint[Math.Max(entries.Length, 1)];
        for (int i = 0; i < entries.Length; i++)
        {
            values[i] = entries[i].Value;
            map[i] = new SpecializationMapEntry { ConstantID = entries[i].Id, Offset = (uint)(i * sizeof(uint)), Size = sizeof(uint) };
        }

        var specialization = new SpecializationInfo
        {
            MapEntryCount = (uint)entries.Length,
            PMapEntries = map,
            DataSize = (nuint)(entries.Length * sizeof(uint)),
            PData = values,
        };
        var subgroup = new PipelineShaderStageRequiredSubgroupSizeCreateInfo
        {
            SType = StructureType.PipelineShaderStageRequiredSubgroupSizeCreateInfo,
            RequiredSubgroupSize = (uint)(subgroups.Size ?? 0),
        };
        using var entryPoint = new Utf8Name(key.Shader.Reflection.EntryPoint);
        var info = new ComputePipelineCreateInfo
        {
            SType = StructureType.ComputePipelineCreateInfo,
            Flags = _context.Executables is null ? 0 : PipelineCreateFlags.CreateCaptureStatisticsBitKhr,
            Layout = layout,
            Stage = new PipelineShaderStageCreateInfo
            {
                SType = StructureType.PipelineShaderStageCreateInfo,
                PNext = subgroups.Size is null ? null : &subgroup,
                Flags = subgroups.IsFull ? PipelineShaderStageCreateFlags.RequireFullSubgroupsBit : 0,
                Stage = ShaderStageFlags.ComputeBit,
                Module = module,
                PName = entryPoint.Pointer,
                PSpecializationInfo = &specialization,
            },
        };
        Pipeline pipeline;
        _context.Check(
            _context.Vk.CreateComputePipelines(_context.Handle, _cache, 1, &info, null, &pipeline),
            $"vkCreateComputePipelines('{key.Shader.Name}')");
        _context.Name(ObjectType.Pipeline, pipeline.Handle, $"{key.Shader.Name} {key.Constants}");
        return pipeline;
    }

    private readonly record struct Key(ShaderCode Shader, SpecializationConstants Constants, int? SubgroupSize, bool FullSubgroups);
}
