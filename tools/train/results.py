"""What tools give back, and what the model says then: it repeats what it was told, and leaves out what was not asked for."""

import json

_SKIES = """sunny|cloudy|rainy|windy|snowy|foggy|stormy|clear|rain|snow|light rain|heavy rain|fog|drizzle|hail|thunderstorms|partly cloudy
mostly sunny|overcast|clear skies|light snow|cold and dry|warm and humid|dry|hot|mild|freezing|a blue sky|showers|a light breeze|sleet
bright and dry|grey and wet|sun and clouds|mist|icy|some clouds|sunshine""".replace("\n", "|").split("|")
_SENTENCES = """It is {sky}.|It is {sky} and {t} degrees.|It's raining|It's sunny|It's raining in {p}.|The sun is shining.|It is {t} degrees in {p}.
The weather in {p} is {sky} with a high of {t}°C.|The weather in {p} is {sky}.|{p}: {sky}, {t} degrees|Sunny, {t} degrees|Cloudy|Rain
It is {sky} today.|Expect {sky} in {p}.|It will snow tonight.|Clear, {t}°C|In {p} it is {t} degrees.|Take an umbrella.|{t} degrees is what {p} has.""".replace("\n", "|").split("|")
_TIME_SENTENCES = """It is {c}.|It is {c} in {p}.|The time in {p} is {c}.|{p}: {c}|It is noon.|It's midnight.|The clock says {c}.|Monday, {c}|Noon
It is now {c} in {p}.|Tuesday, {d} {c} +01:00|Friday, {d} {c} +02:00|Sunday {c}|It's {c}""".replace("\n", "|").split("|")
_SPOKEN = "noon|midnight|half past nine|ten past two|a quarter to six|five o'clock|early morning|late at night|teatime|twenty past eleven|almost seven".split("|")
_ERRORS = ["Error: Function failed.", "Error: not found", "Error: no connection", '{"error":"unknown place"}', '{"error": "not available"}', "Error: Unknown city.", "null"]


def weather(rng, place, words):
    """(what the tool gives, the answer)"""
    where = f"The weather in {place}" if place else "The weather"
    degrees = str(rng.randint(-25, 42)) if rng.random() < 0.8 else f"{rng.randint(-20, 40)}.{rng.randint(1, 9)}"
    sky = rng.choice(_SKIES) if rng.random() < 0.7 else _odd(rng, words)
    roll = rng.random()
    if roll < 0.05:
        return rng.choice(_ERRORS), f"I could not find out the weather{f' in {place}' if place else ''}."
    if roll < 0.25:
        return _sentence(rng, rng.choice(_SENTENCES).format(sky=sky, t=degrees, p=place or "town"))
    if roll < 0.65:
        text = rng.choice(["{s}", "{s}", "{s}, {t} degrees", "{t} degrees", "{t} degrees and {s}", "{s}, {t}°C", "{t}°C, {s}", "{t} °C", "{s} and {t} degrees", "{s} with a high of {t}°C", "{s} at {t} degrees", "{t}°F and {s}", "{t} C"])
        text = text.format(s=sky, t=degrees)
        return text + ("." if rng.random() < 0.1 else ""), f"{where}: {text}."
    has_sky, has_degrees = rng.choice(((True, True), (True, True), (True, False), (False, True)))
    values = {}
    if has_sky:
        values[rng.choice(["condition", "conditions", "summary", "sky", "description", "weather", "Condition", "Summary"])] = sky
    if has_degrees:
        number = float(degrees) if "." in degrees else int(degrees)
        values[rng.choice(["temperature", "temperatureC", "temp", "degrees", "celsius", "temperature_c", "Temperature", "TemperatureC"])] = number
    answer = ", ".join(([sky] if has_sky else []) + ([f"{degrees} degrees"] if has_degrees else []))
    beside = [(rng.choice(["city", "location", "place", "name"]), place), ("humidity", rng.randint(10, 99)), ("wind", rng.randint(0, 60)), ("unit", "celsius"), ("date", _date(rng))]
    return _object(rng, values, beside), f"{where}: {answer}."


def time(rng, place, words):
    where = f"In {place} it is" if place else "It is"
    clock = _clock(rng)
    roll = rng.random()
    if roll < 0.05:
        return rng.choice(_ERRORS), f"I could not find out the time{f' in {place}' if place else ''}."
    if roll < 0.2:
        return _sentence(rng, rng.choice(_TIME_SENTENCES).format(c=clock, p=place or "town", d=_date(rng)))
    if roll < 0.35:  # a date and time as .NET writes it: the hours and minutes are asked for
        hours = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
        fraction = f".{rng.randint(0, 9999999):07}" if rng.random() < 0.5 else ""
        return f"{_date(rng)}T{hours}:{rng.randint(0, 59):02}{fraction}{rng.choice(['', 'Z', '+00:00', '+01:00', '-05:00', '+09:00'])}", f"{where} {hours}."
    if roll < 0.7:
        text = clock if rng.random() < 0.75 else rng.choice(_SPOKEN) if rng.random() < 0.7 else _odd(rng, words)
        return text + ("." if rng.random() < 0.05 else ""), f"{where} {text}."
    beside = [(rng.choice(["city", "location", "place", "name"]), place), ("timezone", rng.choice(["CET", "UTC", "EST", "JST", "GMT"])), ("date", _date(rng)), ("offset", rng.randint(-11, 12))]
    return _object(rng, {rng.choice(["time", "time", "localTime", "local_time", "Time", "now", "currentTime"]): clock}, beside), f"{where} {clock}."


def _clock(rng):
    hour, minute = rng.randint(0, 23), rng.randint(0, 59)
    return rng.choice([f"{hour:02}:{minute:02}", f"{hour:02}:{minute:02}", f"{hour}:{minute:02}", f"{hour % 12 + 1}:{minute:02} {rng.choice(['am', 'pm', 'AM', 'PM', 'a.m', 'p.m'])}", f"{hour:02}:{minute:02}:{rng.randint(0, 59):02}", f"{hour % 12 + 1} {rng.choice(['am', 'pm'])}"])


def _date(rng):
    return f"20{rng.randint(24, 35)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def _odd(rng, words):
    """Something that nobody expects: it is repeated all the same."""
    if rng.random() < 0.3:
        return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(2, 4))) + f"-{rng.randint(0, 999)}"
    return " ".join(rng.choice(words) for _ in range(rng.randint(1, 3)))


def _sentence(rng, text):
    """What begins with a capital letter or names the place is repeated as it is."""
    text = text[0].upper() + text[1:]
    return text, text if text[-1] in ".!?" else text + "."


def _object(rng, values, beside):
    beside = [(name, value) for name, value in rng.sample(beside, rng.choice((0, 0, 1, 2))) if value is not None and name not in values]
    members = list(values.items()) + beside
    if rng.random() < 0.5:
        rng.shuffle(members)
    form = rng.random()
    layout = {"separators": (",", ":")} if form < 0.5 else {} if form < 0.75 else {"indent": 2}
    return json.dumps(dict(members), ensure_ascii=False, **layout)
