namespace VkInfer.Tests.Answers;

/// <summary>Answers of the families that are known, as their templates ask for them.</summary>
internal static class Conversations
{
    private const string Hermes = "{% if tools %}<tool_call>{% endif %}", Thinking = Hermes + "</think>";

    private static readonly string[] Harmony =
        ["<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|call|>", "<|return|>", "<|constrain|>"];

    private static readonly string[] DeepSeek =
        ["<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>", "<｜tool▁sep｜>"];

    private static readonly string[] Gemma = ["<|tool_call>", "<tool_call|>", "<|channel>", "<channel|>", "<|\"|>"];

    public static readonly Conversation[] All =
    [
        new("hermes", Hermes, [], "", "Hello <there>,\n\nyou.\n", "", "Hello <there>,\n\nyou.\n"),
        new("hermes", Hermes, [], "",
            "Let me see.\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Köln \\\"}\", \"days\": 2}}\n</tool_call>", "",
            "Let me see.", "get_weather {\"city\": \"Köln \\\"}\", \"days\": 2}"),
        new("hermes", Hermes, [], "",
            "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>\n<tool_call>\n{\"arguments\": {\"city\": \"a\"}, \"name\": \"get_weather\"}\n</tool_call>",
            "", "", "now {}", "get_weather {\"city\": \"a\"}"),
        new("hermes", Hermes, [], "", "<tool_call>\n{\"name\": \"now\"}\n</tool_call> Done.", "", "Done.", "now {}"),
        new("hermes", Hermes, [], "", "<tool_call>\n{\"name\": \"now\", \"arguments\": \"{\\\"a\\\": 1}\"}\n</tool_call>", "", "", "now {\"a\": 1}"),
        new("hermes", Hermes, [], "", "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Ber", "", "", "get_weather {\"city\": \"Ber…"),
        new("hermes", Hermes, [], "", "Write <tool_call> before a call.", "", "Write <tool_call> before a call."),
        new("qwen3", Thinking, [], "<|im_start|>assistant\n",
            "<think>\nThe user asks <b>.\n</think>\n\nIt is <i>warm</i>.", "The user asks <b>.", "It is <i>warm</i>."),
        new("qwen3", Thinking, [], "<|im_start|>assistant\n",
            "<think>\nA call.\n</think>\n\n<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>", "A call.", "", "now {}"),
        new("qwen3", Thinking, [], "<|im_start|>assistant\n<think>\n", "\nI think.\n</think>\n\nYes.", "I think.", "Yes."),
        new("qwen3", Thinking, [], "<|im_start|>assistant\n<think>\n\n</think>\n\n", "Yes.", "", "Yes."),
        new("qwen3", Thinking, [], "<|im_start|>assistant\n<think>\n", "I think and thi", "I think and thi", ""),
        new("qwen3", Thinking, ["<think>", "</think>"], "", "⟦<think>⟧A</think>B⟦</think>⟧C", "A</think>B", "C"),
        new("qwen-coder", Hermes + "<function=", [], "",
            "I look.\n\n<tool_call>\n<function=get_weather>\n<parameter=city>\nNew\nYork\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>",
            "", "I look.", "get_weather {\"city\": \"New\\nYork\", \"days\": 3}"),
        new("qwen-coder", Thinking + "<function=", [], "<think>\n",
            "Hm.</think>\n<tool_call>\n<function=now>\n</function>\n</tool_call>\n<tool_call>\n<function=get_weather>\n<parameter=city>\n12\n</parameter>\n</function>\n</tool_call>",
            "Hm.", "", "now {}", "get_weather {\"city\": \"12\"}"),
        new("qwen-coder", Hermes + "<function=", [], "", "<tool_call>\n<function=get_weather>\n<parameter=city>\nBer", "", "", "get_weather …"),
        new("llama", "{{ tools }} \"parameters\" <|python_tag|>", ["<|python_tag|>"], "",
            "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Bonn\"}}", "", "", "get_weather {\"city\": \"Bonn\"}"),
        new("llama", "{{ tools }} \"parameters\" <|python_tag|>", ["<|python_tag|>"], "",
            "⟦<|python_tag|>⟧{\"name\": \"now\", \"parameters\": {}}; {\"name\": \"now\", \"parameters\": {\"a\": [1]}}", "", "", "now {}",
            "now {\"a\": [1]}"),
        new("llama", "{{ tools }} \"parameters\" <|python_tag|>", ["<|python_tag|>"], "", "{\"a\": 1} is JSON; so it is.", "",
            "{\"a\": 1} is JSON; so it is."),
        new("llama", "{{ tools }} \"parameters\" <|python_tag|>", ["<|python_tag|>"], "", "It is warm.", "", "It is warm."),
        new("llama", "{{ tools }} \"parameters\" <|python_tag|>", ["<|python_tag|>"], "", "So: class A { {\"name\": \"now\"} }", "",
            "So: class A { {\"name\": \"now\"} }"),
        new("mistral", "{{ tools }}[TOOL_CALLS]", ["[TOOL_CALLS]"], "",
            "⟦[TOOL_CALLS]⟧[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}, \"id\": \"abcdefghi\"}, {\"name\": \"now\", \"arguments\": {}}]",
            "", "", "get_weather {\"city\": \"Paris\"}#abcdefghi", "now {}"),
        new("mistral", "{{ tools }}[TOOL_CALLS][ARGS][/THINK]", ["[TOOL_CALLS]", "[ARGS]", "[CALL_ID]", "[THINK]", "[/THINK]"], "",
            "⟦[THINK]⟧So.⟦[/THINK]⟧Well. ⟦[TOOL_CALLS]⟧get_weather⟦[CALL_ID]⟧123456789⟦[ARGS]⟧{\"city\": \"Lyon\"}⟦[TOOL_CALLS]⟧now⟦[ARGS]⟧{}",
            "So.", "Well.", "get_weather {\"city\": \"Lyon\"}#123456789", "now {}"),
        new("mistral", "{{ tools }}[TOOL_CALLS]", ["[TOOL_CALLS]"], "", "The marker is [TOOL_CALLS].", "", "The marker is [TOOL_CALLS]."),
        new("harmony", "<|channel|><|message|>", Harmony, "<|start|>assistant",
            "⟦<|channel|>⟧analysis⟦<|message|>⟧I need <it>.⟦<|end|>⟧⟦<|start|>⟧assistant⟦<|channel|>⟧final⟦<|message|>⟧Warm.⟦<|return|>⟧",
            "I need <it>.", "Warm."),
        new("harmony", "<|channel|><|message|>", Harmony, "<|start|>assistant",
            "⟦<|channel|>⟧analysis⟦<|message|>⟧Call.⟦<|end|>⟧⟦<|start|>⟧assistant⟦<|channel|>⟧commentary to=functions.get_weather ⟦<|constrain|>⟧json⟦<|message|>⟧{\"city\":\"Rome\"}⟦<|call|>⟧",
            "Call.", "", "get_weather {\"city\":\"Rome\"}"),
        new("harmony", "<|channel|><|message|>", Harmony, "<|start|>assistant",
            " to=functions.now⟦<|channel|>⟧analysis json⟦<|message|>⟧{}", "", "", "now {}"),
        new("harmony", "<|channel|><|message|>", Harmony, "<|start|>assistant",
            "⟦<|channel|>⟧commentary⟦<|message|>⟧I look.⟦<|end|>⟧⟦<|start|>⟧assistant⟦<|channel|>⟧commentary to=functions.now⟦<|message|>⟧{}⟦<|call|>⟧",
            "", "I look.", "now {}"),
        new("harmony", "<|channel|><|message|>", Harmony, "<|start|>assistant", "Plain text.", "", "Plain text."),
        new("harmony", "<|channel|><|message|>", Harmony, "<|start|>assistant",
            "⟦<|channel|>⟧commentary to=functions.get_weather ⟦<|constrain|>⟧json⟦<|message|>⟧{\"city\": \"{Ber", "", "",
            "get_weather {\"city\": \"{Ber…"),
        new("gemma", "<|tool_call> <tool_call|> <channel|>", Gemma, "",
            "⟦<|channel>⟧thought\nHm.\n⟦<channel|>⟧⟦<|tool_call>⟧call:get_weather{city:⟦<|\"|>⟧Os,lo}⟦<|\"|>⟧,days:2,deep:{list:[1,true,⟦<|\"|>⟧x⟦<|\"|>⟧]}}⟦<tool_call|>⟧",
            "Hm.", "", "get_weather {\"city\":\"Os,lo}\",\"days\":2,\"deep\":{\"list\":[1,true,\"x\"]}}"),
        new("gemma", "<|tool_call> <tool_call|> <channel|>", Gemma, "", "⟦<|tool_call>⟧call:now{}⟦<tool_call|>⟧", "", "", "now {}"),
        new("gemma", "<start_function_call>", ["<start_function_call>", "<end_function_call>", "<escape>"], "",
            "⟦<start_function_call>⟧call:get_weather{city:⟦<escape>⟧Oslo⟦<escape>⟧}⟦<end_function_call>⟧", "", "",
            "get_weather {\"city\":\"Oslo\"}"),
        new("glm", "{{ tools }}<tool_call><arg_key></think>", ["<think>", "</think>"], "",
            "⟦<think>⟧Hm.⟦</think>⟧\nLooking.\n<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Bei jing</arg_value>\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>",
            "Hm.", "Looking.", "get_weather {\"city\": \"Bei jing\", \"days\": 2}"),
        new("glm", "{{ tools }}<tool_call><arg_key></think>", [], "<think>\n", "Hm.</think>\n<tool_call>now\n</tool_call>\n<tool_call>now</tool_call>",
            "Hm.", "", "now {}", "now {}"),
        new("deepseek", "{{ tools }}<｜tool▁call▁begin｜>```json</think>", DeepSeek, "<｜Assistant｜><think>\n",
            "Hm.\n</think>\n\nWait.⟦<｜tool▁calls▁begin｜>⟧⟦<｜tool▁call▁begin｜>⟧function⟦<｜tool▁sep｜>⟧get_weather\n```json\n{\"city\": \"Bonn\"}\n```⟦<｜tool▁call▁end｜>⟧\n⟦<｜tool▁call▁begin｜>⟧function⟦<｜tool▁sep｜>⟧now\n```json\n{}\n```⟦<｜tool▁call▁end｜>⟧⟦<｜tool▁calls▁end｜>⟧",
            "Hm.", "Wait.", "get_weather {\"city\": \"Bonn\"}", "now {}"),
        new("deepseek", "{{ tools }}<｜tool▁call▁begin｜></think>", DeepSeek, "</think>",
            "⟦<｜tool▁calls▁begin｜>⟧⟦<｜tool▁call▁begin｜>⟧get_weather⟦<｜tool▁sep｜>⟧{\"city\": \"Bonn\"}⟦<｜tool▁call▁end｜>⟧⟦<｜tool▁calls▁end｜>⟧",
            "", "", "get_weather {\"city\": \"Bonn\"}"),
        new("phi", "{{ tools }}<|tool_call|>", ["<|tool_call|>", "<|/tool_call|>"], "",
            "⟦<|tool_call|>⟧[{\"name\": \"now\", \"arguments\": {}}]⟦<|/tool_call|>⟧", "", "", "now {}"),
        new("generic", "{{ messages }}", [], "", "I see. <tool_call>{\"name\": \"now\", \"arguments\": {}}</tool_call>", "", "I see.", "now {}"),
    ];
}
