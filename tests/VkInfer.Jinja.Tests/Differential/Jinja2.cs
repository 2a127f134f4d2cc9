using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace VkInfer.Jinja.Tests;

/// <summary>One Python process that renders templates with jinja2, the reference.</summary>
internal sealed class Jinja2 : IDisposable
{
    private readonly Process _process;

    private Jinja2(Process process, string version) => (_process, Version) = (process, version);

    public string Version { get; }

    /// <summary>Starts the process; without Python or jinja2 the test is ignored.</summary>
    public static Jinja2 Start(JsonObject variables)
    {
        string missing = "";
        foreach (string python in new[] { "python3", "/usr/bin/python3" })
        {
            if (TryStart(python, variables, ref missing) is { } started)
            {
                return started;
            }
        }

        Assert.Ignore($"python3 with jinja2 is missing (tools/setup --tests installs it): {missing}");
        throw new InvalidOperationException("unreachable");
    }

    private static Jinja2? TryStart(string python, JsonObject variables, ref string missing)
    {
        var start = new ProcessStartInfo(python, [Path.Combine(AppContext.BaseDirectory, "Differential", "render.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = Encoding.UTF8,
        };
        Process? process = null;
        try
        {
            process = Process.Start(start)!;
            process.StandardInput.WriteLine(variables.ToJsonString());
            process.StandardInput.Flush();
            if (process.StandardOutput.ReadLine() is { } hello)
            {
                return new Jinja2(process, JsonDocument.Parse(hello).RootElement.GetProperty("output").GetString()!);
            }

            missing = process.StandardError.ReadToEnd();
        }
        catch (Exception problem) when (problem is Win32Exception or IOException)
        {
            missing = problem.Message;
        }

        process?.Dispose();
        return null;
    }

    /// <summary>What jinja2 renders, or what it complains about.</summary>
    public (string? Output, string? Error) Render(string template)
    {
        _process.StandardInput.WriteLine(JsonSerializer.Serialize(template));
        _process.StandardInput.Flush();
        string line = _process.StandardOutput.ReadLine()
            ?? throw new InvalidOperationException($"python3 ended: {_process.StandardError.ReadToEnd()}");
        using JsonDocument answer = JsonDocument.Parse(line);
        return answer.RootElement.TryGetProperty("output", out JsonElement output)
            ? (output.GetString(), null)
            : (null, answer.RootElement.GetProperty("error").GetString());
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5000))
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
