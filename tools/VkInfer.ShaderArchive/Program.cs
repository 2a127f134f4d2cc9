using System.Text.Json;
using VkInfer.ShaderArchive;

// dotnet VkInfer.ShaderArchive.dll FOLDER ARCHIVE: FOLDER has manifest.json and the NAME.spv that it lists.
if (args is not [string folder, string archive])
{
    Console.Error.WriteLine("Expected a folder of shaders and the archive to write.");
    return 2;
}

using FileStream stream = File.OpenRead(Path.Combine(folder, "manifest.json"));
using JsonDocument manifest = JsonDocument.Parse(stream);
Variant[] variants = [
    .. manifest.RootElement.GetProperty("variants").EnumerateArray().Select(entry =>
    {
        string name = entry.GetProperty("name").GetString()!;
        return new Variant(name, entry.GetProperty("group").GetString()!, File.ReadAllBytes(Path.Combine(folder, name + ".spv")));
    })];

// Complete or not there: a build that is ended halfway leaves nothing that looks finished.
string unfinished = archive + ".unfinished";
using (FileStream output = File.Create(unfinished))
{
    ArchiveWriter.Write(output, variants);
}

File.Move(unfinished, archive, overwrite: true);
return 0;
