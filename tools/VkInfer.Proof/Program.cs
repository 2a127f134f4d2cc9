using System.CommandLine;
using VkInfer.Kernels;
using VkInfer.Proof;

var device = new Option<string>(
    "--device")
{ Description = "A Vulkan device: auto, an index, a type or part of a name.", DefaultValueFactory = _ => "auto" };
var only = new Option<string[]>(
    "--only")
{ Description = "Names of models; the others are left out.", AllowMultipleArgumentsPerToken = true };
var formats = new Option<string[]>(
    "--formats")
{ Description = "Names of formats; the others are left out.", AllowMultipleArgumentsPerToken = true };
var json = new Option<string?>(
    "--json")
{ Description = "A file for the figures. Those that it has already, and that are not measured now, stay in it." };
var folder = new Argument<string>(
    "folder")
{ Description = "The folder with models.md and proof/*.json.", DefaultValueFactory = _ => "docs" };

var root = new RootCommand(
    "Measures the logits of every model family in every weight format on a device. Fails where one is further from its reference than its bound.")
{
    device, only, formats, json,
};
root.SetAction(parse => Measure(parse.GetValue(device)!, parse.GetValue(only)!, parse.GetValue(formats)!, parse.GetValue(json)));
var docs = new Command("docs", "Writes the tables of models.md from what was measured.") { folder };
docs.SetAction(parse => WriteDocs(parse.GetValue(folder)!));
root.Add(docs);
return root.Parse(args).Invoke();

static int Measure(string device, string[] only, string[] onlyFormats, string? json)
{
    var measurement = new Measurement(device);
    var models = new SortedDictionary<string, ModelProof>(StringComparer.Ordinal);
    (double Error, double Bound, string Cell) worst = default;
    int failed = 0;
    foreach (Fixture fixture in Fixture.All.Where(fixture => only.Length == 0 || only.Contains(fixture.Name)))
    {
        (double prefill, double decode) = measurement.OfFixture(fixture);
        Check(Math.Max(prefill, decode), VkInfer.Testing.Bounds.LogitsF32.MaxAbs, $"{fixture.Name}, transformers");
        var formats = new Dictionary<string, double>();
        foreach (WeightType type in Enum.GetValues<WeightType>().Where(IsAskedFor))
        {
            (double error, double bound) = measurement.OfFormat(fixture, type);
            Check(error, bound, $"{fixture.Name}, {type}");
            formats[type.ToString()] = error;
        }

        models[fixture.Name] = new ModelProof(prefill, decode, formats);
        if (json is not null)
        {
            // After each model: a run that is cut leaves what it has.
            new DeviceProof(measurement.Device.Name, measurement.Device.Driver, models).Write(json);
        }

        Console.Error.WriteLine(
            $"{fixture.Name}: transformers {ProofTables.Cell(Math.Max(prefill, decode))}, formats up to {ProofTables.Cell(formats.Values.DefaultIfEmpty().Max())}");
    }

    if (models.Count == 0)
    {
        Console.Error.WriteLine(
            $"No model is called {string.Join(" or ", only)}; there are {string.Join(", ", Fixture.All.Select(fixture => fixture.Name))}.");
        return 2;
    }

    var proof = new DeviceProof(measurement.Device.Name, measurement.Device.Driver, models);
    Console.WriteLine(ProofTables.Markdown(proof));
    Console.WriteLine(
        $"nearest to its bound: {worst.Cell}, {ProofTables.Cell(worst.Error)} of {ProofTables.Cell(worst.Bound)}; {failed} beyond theirs");
    return failed == 0 ? 0 : 1;

    bool IsAskedFor(WeightType type) => onlyFormats.Length == 0 || onlyFormats.Contains(type.ToString(), StringComparer.OrdinalIgnoreCase);

    void Check(double error, double bound, string cell)
    {
        if (worst.Bound == 0 || error / bound > worst.Error / worst.Bound)
        {
            worst = (error, bound, cell);
        }

        if (!(error <= bound))
        {
            failed++;
            Console.Error.WriteLine($"{cell}: {ProofTables.Cell(error)}, bound {ProofTables.Cell(bound)}");
        }
    }
}

static int WriteDocs(string folder)
{
    string path = ProofTables.PathIn(folder);
    File.WriteAllText(path, ProofTables.Replace(File.ReadAllText(path), ProofTables.Read(folder)));
    return 0;
}
