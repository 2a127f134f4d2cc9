"""Declarations of functions as .NET's AIFunctionFactory and Semantic Kernel make them: for the weather, for the time, and others."""

from dataclasses import dataclass, field

_NAMES = {
    "weather": """GetWeather get_weather weather Weather GetCurrentWeather get_current_weather current_weather WeatherIn weather_in
        GetForecast get_forecast forecast WeatherLookup lookup_weather CheckWeather weather_now getWeather WeatherPlugin-GetWeather
        Weather-GetWeather Tools_GetWeather TellWeather fetch_weather weather_report GetWeatherReport WeatherOf WeatherPlugin_GetWeather
        weather_for_city GetCityWeather GetWeatherForCity WeatherTool weather_service ask_weather GetWeatherForecast""".split(),
    "time": """GetTime get_time time Time Clock clock current_time GetCurrentTime get_current_time time_in TimeIn what_time GetLocalTime
        local_time time_of_day TimePlugin-GetTime Time-GetTime Clock_Now now world_clock TellTime getTime GetTimeIn TimePlugin_GetTime
        lookup_time fetch_time CheckTime time_now get_local_time TimeOf Tools_GetTime time_for_city GetTimeOfDay ClockTool""".split(),
}
_OPAQUE = "f1 f2 call_a call_b lookup query service tool_a tool_b Run helper ask Do fn action Plugin-Run".split()
_DESCRIPTIONS = {
    "weather": """The weather.|Gets the weather.|Get the weather|Gets the current weather|Gets the weather of a city
        Get the weather for a given location.|Get the current weather for a given location.|Returns the weather in a place
        Tells how warm it is and whether it rains|The weather of a place right now|Looks up the weather|Weather report for a city
        What the weather is like somewhere|Gets the weather for the city.|Gets the weather in a city|Fetches the weather forecast
        Retrieves the current weather for any city.|The temperature and the sky of a place|weather lookup|The weather here
        Gets the current weather for the specified city|Tells the weather.|Current weather conditions""",
    "time": """The time.|Gets the time.|Get the time|Gets the current time|Gets the time of a city|Get the time for a given location.
        Get the current time for a given place.|Returns the time in a place|Tells what time it is|The time of a place right now
        Looks up the local time|The clock of a city|What time it is somewhere|Gets the local time in a city|Tells the time.
        Retrieves the current time for any place.|The time of day|The date and the time of day here and now|time lookup
        Gets the current time for the specified place|Current local time|The hour and minute at a place""",
}
_DESCRIPTIONS = {kind: [part.strip() for line in text.split("\n") for part in line.split("|")] for kind, text in _DESCRIPTIONS.items()}
_PLACE_NAMES = "city city city place place location location town where name cityName city_name placeName area destination Location City".split()
_PLACE_DESCRIPTIONS = ["The city", "The place", "The name of the city", "The location", "Which city", "Where", "The town or city", "City name", "A place", "The name of the place", "The city to look up", "The location to ask for"]
_MORE = {
    "unit": ["celsius", "fahrenheit"],
    "units": ["Celsius", "Fahrenheit"],
    "scale": ["C", "F"],
    "days": None,
    "numberOfDays": None,
}
_OTHERS = """
send_email|Sends an email|to,subject,text
SendMessage|Sends a message to a person|recipient,message
play_music|Plays a song|song,artist
PlaySong|Plays music|title
search_books|Finds books|query
SearchWeb|Searches the web|query
convert_currency|Converts money|amount,from,to
GetStockPrice|The price of a stock|symbol
turn_on_light|Turns a light on|room
SetLight|Switches a lamp|lamp,state
roll_dice|Rolls dice and gives what they show|count
RollDice|Rolls a die|
days_between|How many days lie between two dates|from,to
open_door|Opens a door|door
get_news|The news of today|topic
GetRecipe|Finds a recipe|dish
book_flight|Books a flight|from,to,date
order_pizza|Orders a pizza|size,topping
add_note|Keeps a note|text
list_files|Lists the files of a folder|folder
ReadFile|Reads a file|path
translate|Translates a text|text,language
remind_me|Sets a reminder|text,minutes
GetUser|Finds a user|id
create_ticket||title,priority
FindHotel|Finds a hotel|guests,stars
random_number|A random number|low,high
stop_music||
""".strip().split("\n")


@dataclass
class Tool:
    kind: str  # weather, time or other
    json: dict  # as the template gets it: name, description, parameters
    place: str | None = None  # the parameter that takes a place
    more: str | None = None  # another one
    values: list | None = None  # what that may be; None: a number of days
    needs_more: bool = field(default=False)

    @property
    def name(self):
        return self.json["name"]

    def arguments(self, where, more=None):
        """The arguments for a place, in the order of the parameters."""
        given = {}
        for name in self.json["parameters"]["properties"]:
            if name == self.place:
                given[name] = where
            elif more is not None or self.needs_more:
                given[name] = more if more is not None else self.values[0] if self.values else 1
        return given


def declare(rng, kind):
    if kind == "other":
        name, description, parameters = rng.choice(_OTHERS).split("|")
        properties = {p: _property(rng, "integer" if p in ("amount", "count", "id", "minutes", "guests", "stars", "low", "high") else "string", None) for p in parameters.split(",") if p}
        return Tool(kind, _function(rng, name, description, properties, list(properties)))
    roll = rng.random()
    name = rng.choice(_OPAQUE if roll < 0.06 else _NAMES[kind])
    description = "" if roll > 0.75 else rng.choice(_DESCRIPTIONS[kind])
    tool = Tool(kind, {})
    properties, required = {}, []
    if rng.random() < 0.92:
        tool.place = rng.choice(_PLACE_NAMES)
        properties[tool.place] = _property(rng, "string", rng.choice(_PLACE_DESCRIPTIONS) if rng.random() < 0.45 else None)
        required.append(tool.place)
    if kind == "weather" and tool.place and rng.random() < 0.12:
        _add_more(rng, tool, properties, required)
    tool.json = _function(rng, name, description, properties, required)
    return tool


def _add_more(rng, tool, properties, required):
    tool.more = rng.choice(list(_MORE))
    tool.values, tool.needs_more = _MORE[tool.more], rng.random() < 0.5
    made = {"type": "string", "enum": tool.values} if tool.values else {"type": "integer", **({"minimum": 1, "maximum": 9} if rng.random() < 0.5 else {})}
    if tool.needs_more:
        required.append(tool.more)
    else:
        made["default"] = tool.values[0] if tool.values else 1
    if rng.random() < 0.5:  # the other order
        first = properties.pop(tool.place)
        properties.update({tool.more: made, tool.place: first})
        required.reverse()
    else:
        properties[tool.more] = made


def _property(rng, kind, description):
    if description is None:
        return {"type": kind}
    return {"description": description, "type": kind} if rng.random() < 0.8 else {"type": kind, "description": description}


def _function(rng, name, description, properties, required):
    schema = {"type": "object", "properties": properties}
    if required:
        schema = {**schema, "required": required} if rng.random() < 0.8 else {"type": "object", "required": required, "properties": properties}
    return {"name": name, "description": description, "parameters": schema}
