using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

var services = new ServiceCollection();
services.AddVkInfer();
await using var provider = services.BuildServiceProvider();
var client = provider.GetRequiredService<IChatClient>();
Console.WriteLine(await client.GetResponseAsync("What is 27 + 45?"));
