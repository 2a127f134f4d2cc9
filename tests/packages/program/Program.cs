using Library;

Console.WriteLine(await Calculator.AskAsync("What is 27 + 45?"));
