"""Names of places: real ones, and others that sound as if they were."""

REAL = """
Berlin|Hamburg|Munich|Cologne|Frankfurt|Stuttgart|Leipzig|Dresden|Bremen|Hanover|Bonn|Nuremberg|Essen|Dortmund|Kiel|Lübeck|Rostock
Münster|Mainz|Potsdam|Vienna|Graz|Linz|Salzburg|Innsbruck|Zurich|Zürich|Geneva|Basel|Bern|Lausanne|Lucerne|Paris|Lyon|Marseille|Nice
Toulouse|Bordeaux|Lille|Nantes|Strasbourg|Rennes|Dijon|Orléans|Brussels|Antwerp|Ghent|Bruges|Liège|Amsterdam|Rotterdam|The Hague|Utrecht
Eindhoven|Groningen|London|Manchester|Liverpool|Birmingham|Leeds|Bristol|Oxford|Cambridge|Edinburgh|Glasgow|Cardiff|Belfast|Dublin|Cork
Galway|Limerick|York|Bath|Brighton|Exeter|Madrid|Barcelona|Seville|Valencia|Bilbao|Granada|Málaga|Córdoba|Lisbon|Porto|Coimbra|Rome
Milan|Naples|Turin|Florence|Venice|Bologna|Genoa|Verona|Palermo|Pisa|Athens|Patras|Istanbul|Ankara|Izmir|Sofia|Bucharest|Belgrade|Zagreb
Ljubljana|Sarajevo|Skopje|Tirana|Budapest|Prague|Brno|Bratislava|Warsaw|Krakow|Kraków|Gdansk|Wroclaw|Łódź|Poznan|Vilnius|Riga|Tallinn
Helsinki|Tampere|Turku|Oulu|Stockholm|Gothenburg|Malmö|Uppsala|Oslo|Bergen|Trondheim|Tromsø|Copenhagen|Aarhus|Odense|Reykjavik|Moscow
Kyiv|Odesa|Lviv|Minsk|Tbilisi|Yerevan|Baku|Cairo|Alexandria|Tunis|Algiers|Casablanca|Rabat|Marrakesh|Fez|Lagos|Abuja|Accra|Dakar|Nairobi
Mombasa|Kampala|Kigali|Addis Ababa|Khartoum|Lusaka|Harare|Cape Town|Durban|Johannesburg|Pretoria|Windhoek|Luanda|Tel Aviv|Jerusalem
Haifa|Beirut|Amman|Damascus|Baghdad|Tehran|Doha|Dubai|Abu Dhabi|Riyadh|Jeddah|Muscat|Kuwait City|Kabul|Karachi|Lahore|Delhi|New Delhi
Mumbai|Kolkata|Chennai|Bangalore|Hyderabad|Pune|Jaipur|Kathmandu|Dhaka|Colombo|Yangon|Bangkok|Chiang Mai|Hanoi|Da Nang|Phnom Penh
Vientiane|Kuala Lumpur|Singapore|Jakarta|Bandung|Surabaya|Manila|Cebu|Taipei|Hong Kong|Macau|Beijing|Shanghai|Shenzhen|Guangzhou|Chengdu
Wuhan|Xi'an|Harbin|Seoul|Busan|Incheon|Tokyo|Osaka|Kyoto|Nagoya|Sapporo|Fukuoka|Kobe|Hiroshima|Ulaanbaatar|Almaty|Tashkent|Samarkand
Sydney|Melbourne|Brisbane|Perth|Adelaide|Hobart|Darwin|Canberra|Auckland|Wellington|Christchurch|Dunedin|Suva|Honolulu|Anchorage|Seattle
Portland|San Francisco|Los Angeles|San Diego|Sacramento|Oakland|Las Vegas|Phoenix|Tucson|Salt Lake City|Denver|Boulder|Dallas|Houston
Austin|San Antonio|El Paso|New Orleans|Memphis|Nashville|Atlanta|Miami|Orlando|Tampa|Charlotte|Raleigh|Richmond|Washington|Baltimore
Philadelphia|Pittsburgh|New York|Brooklyn|Buffalo|Boston|Providence|Hartford|Cleveland|Columbus|Cincinnati|Detroit|Chicago|Milwaukee
Minneapolis|St. Louis|Kansas City|Omaha|Toronto|Montreal|Québec|Ottawa|Vancouver|Calgary|Edmonton|Winnipeg|Halifax|Mexico City
Guadalajara|Monterrey|Cancún|Havana|Kingston|San Juan|Panama City|San José|Bogotá|Medellín|Cali|Quito|Guayaquil|Lima|Cusco|La Paz
Santiago|Valparaíso|Buenos Aires|Mendoza|Rosario|Montevideo|Asunción|São Paulo|Rio de Janeiro|Brasília|Salvador|Recife|Manaus
Germany|France|Italy|Spain|Norway|Iceland|Japan|India|Kenya|Egypt|Peru|Canada|Texas|California|Florida|Bavaria|Scotland|Wales|Tuscany
""".replace("\n", "|").strip("|").split("|")

_STARTS = "B Bl Br C Ch Cl Cr D Dr F Fl Fr G Gl Gr H J K Kl Kr L M N P Pl Pr Qu R S Sc Sh Sk Sl Sm Sn Sp St Str Sw T Th Tr V W Wh Y Z A E I O U".split()
_MIDDLES = "a e i o u ai au ea ei ia ie oa oo ou ar er ir or ur al el il ol an en in on un as es os am em im ach eck ing ond ü ö ä é á ã ø".split()
_JOINTS = "b bb br c ck d dd dr f ff g gg gr k kk l ll ld lm lt m mm mb mp n nn nd nt ng p pp r rr rd rk rn rt s ss st sk t tt tr v w x z th sh ch".split()
_ENDS = "burg berg ton town ville ford field stad dorf heim haven port mouth bridge hill dale land mar grad sk ino ova ia a o e us um an en os in or ar ley ham wick by ness vik pur abad".split()
_BEFORE = "New Old Port San Santa Saint Fort Lake Mount North South East West Upper Lower Bad El La Los Great Little".split()
_BEHIND = "City Beach Bay Hill Falls Springs Valley Island Harbour Park Bridge".split()


def place(rng):
    """A name of a place, as people write it in a sentence."""
    name = rng.choice(REAL) if rng.random() < 0.3 else _made_up(rng)
    return name.lower() if rng.random() < 0.05 else name


def _made_up(rng):
    name = rng.choice(_STARTS)
    for _ in range(rng.choice((0, 1, 1, 2))):
        name += rng.choice(_MIDDLES) + rng.choice(_JOINTS)
    name += rng.choice(_ENDS) if name[-1] in "aeiou" or rng.random() < 0.5 else rng.choice(_MIDDLES) + rng.choice(_ENDS)
    name = name[:12]
    roll = rng.random()
    if roll < 0.1:
        return f"{rng.choice(_BEFORE)} {name}"
    if roll < 0.15:
        return f"{name} {rng.choice(_BEHIND)}"
    return name
