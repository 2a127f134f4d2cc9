using System.Globalization;

namespace VkInfer.Jinja;

/// <summary>Reads an attribute that a filter's argument names: <c>a.b.0</c> goes through attributes, items and elements.</summary>
internal static class AttributeReader
{
    /// <summary>A function that reads one attribute; a value that is not None stands for missing ones.</summary>
    public static Func<object?, Budget, object?> Of(object attribute, object? fallback)
    {
        object[] parts = attribute is string path
            ? [.. path.Split('.').Select(part => part.Length > 0 && part.All(char.IsAsciiDigit)
                && long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long index) ? (object)index : part)]
            : [attribute];
        return (item, budget) =>
        {
            foreach (object part in parts)
            {
                item = Members.GetItem(item, part, budget);
                item = item is UndefinedValue && fallback is not null ? fallback : item;
            }

            return item;
        };
    }

    /// <summary>
    /// A function that reads attributes with commas between; the item itself where there is none. A tuple always, as in jinja2: equal
    /// items of tuples need no order, so that missing attributes can be sorted by.
    /// </summary>
    public static Func<object?, Budget, object?> OfMany(object? attributes)
    {
        if (attributes is null)
        {
            return (item, budget) => new TupleValue([item], budget);
        }

        object[] parts = attributes is string text ? text.Split(',') : [attributes];
        Func<object?, Budget, object?>[] readers = parts.Select(part => Of(part, null)).ToArray();
        return (item, budget) => new TupleValue([.. readers.Select(read => read(item, budget))], budget);
    }
}
