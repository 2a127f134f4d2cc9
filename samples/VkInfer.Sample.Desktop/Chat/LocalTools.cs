using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Microsoft.Extensions.AI;

namespace VkInfer.Samples.Desktop.Chat;

/// <summary>What a model may call where the settings offer it. Nothing here reads files or reaches a network.</summary>
/// <param name="time">Tells the time.</param>
public sealed class LocalTools(TimeProvider time)
{
    /// <summary>The tools.</summary>
    public IList<AITool> All => [
        AIFunctionFactory.Create(CurrentTime, "current_time"),
        AIFunctionFactory.Create(DaysBetween, "days_between"),
        AIFunctionFactory.Create(RollDice, "roll_dice"),
    ];

    [Description("The date and the time of day here and now")]
    private string CurrentTime() => time.GetLocalNow().ToString("dddd, yyyy-MM-dd HH:mm zzz", CultureInfo.InvariantCulture);

    [Description("How many days lie between two dates")]
    private static int DaysBetween(DateOnly from, DateOnly to) => to.DayNumber - from.DayNumber;

    [Description("Rolls dice and gives what they show")]
    private static int[] RollDice([Range(1, 10)] int count)
    {
#pragma warning disable CA5394 // A game needs no secrets.
        return [.. Enumerable.Range(0, count).Select(_ => Random.Shared.Next(1, 7))];
#pragma warning restore CA5394
    }
}
