using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using RangeAttribute = System.ComponentModel.DataAnnotations.RangeAttribute;

namespace VkInfer.Grammar.Tests.Judge;

/// <summary>Types as programs ask models for, whose schemas .NET makes.</summary>
internal static class DotNetTypes
{
    public static Type[] All { get; } =
    [
        typeof(string), typeof(int), typeof(double), typeof(bool), typeof(DateTime), typeof(DateTimeOffset), typeof(DateOnly),
        typeof(TimeSpan), typeof(Guid), typeof(Uri), typeof(Version), typeof(Color), typeof(int?), typeof(int[]), typeof(List<string>),
        typeof(HashSet<Color>),
        typeof(Dictionary<string, int>), typeof(Dictionary<string, List<Person>>), typeof(Person), typeof(Validated), typeof(Tree),
        typeof(Shape), typeof(Drawing), typeof(Everything), typeof(JsonElement), typeof(KeyValuePair<string, int>), typeof(Lenient),
    ];

    public static object[] Values { get; } =
    [
        new Person("Ada", 36, null, Color.Green), new Person("Bo", 1, "Bobby", Color.Red),
        new Validated(3, 0.75, "ABC-123", "a.b@example.com", "some", "p", [1, 2], 'x', new Uri("https://example.com/a?b=c")),
        new Tree(1, new Tree(2, null, []), [new Tree(3, null, null)]),
        new Drawing("d", new Circle("c", 1.5), [new Square("s", 2), new Circle("t", 0.25)]),
        new Everything(
            new DateTime(2024, 2, 29, 12, 30, 0, DateTimeKind.Utc), new DateTimeOffset(2024, 2, 29, 12, 30, 0, TimeSpan.FromHours(2)),
            new DateOnly(2024, 2, 29), TimeSpan.FromMinutes(90.5), Guid.Empty, new Version(1, 2, 3), 12.5m, 1.5f, [1, 2, 3],
            new Dictionary<string, double> { ["a"] = 1.5, ["b"] = -2 }),
        TimeSpan.FromDays(-1.5), new Uri("http://localhost:5000/x"),
        new Dictionary<string, List<Person>> { ["team"] = [new Person("C", 5, null, Color.Red)] },
    ];

    [JsonConverter(typeof(JsonStringEnumConverter<Color>))]
    public enum Color
    {
        Red,
        Green,
    }

    public sealed record Person(string Name, int Age, string? Nickname, Color Favourite = Color.Red);

    public sealed record Validated(
        [property: Range(1, 5)] int Stars, [property: Range(0.5, 1.5)] double Weight,
        [property: RegularExpression(@"^[A-Z]{3}-\d{2,4}$")] string Code, [property: EmailAddress] string Mail,
        [property: StringLength(10, MinimumLength = 2)] string Text, [property: AllowedValues("p", "q")] string Choice,
        [property: MinLength(1), MaxLength(3)] int[] Numbers, char Letter, [property: Url] Uri Home,
        [property: DeniedValues("x", "y")] string Free = "z", [property: Length(1, 2)] string Short = "s",
        [property: Range(-10, 10)] long Signed = 3);

    public sealed record Tree(int Value, Tree? Left, List<Tree>? Children);

    [JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
    [JsonDerivedType(typeof(Circle), "circle")]
    [JsonDerivedType(typeof(Square), "square")]
    public abstract record Shape(string Name);

    public sealed record Circle(string Name, double Radius) : Shape(Name);

    public sealed record Square(string Name, double Side) : Shape(Name);

    public sealed record Drawing(string Title, Shape Main, List<Shape> Others);

    public sealed record Everything(
        DateTime When, DateTimeOffset There, DateOnly Day, TimeSpan Length, Guid Id, Version Version, decimal Price, float Ratio,
        byte[] Bytes, Dictionary<string, double> Scores);

    public sealed class Lenient
    {
        [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals)]
        public double Value { get; set; }

        public object? Anything { get; set; }
    }
}
