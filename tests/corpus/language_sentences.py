"""Sentences of our own, as people write of themselves, by language."""

SENTENCES = {
    "en": (
        "This morning I walked along the river and bought some bread.",
        "I have not slept properly for weeks and nobody seems to notice.",
        "My sister calls every evening to ask how I am doing.",
    ),
    "de": (
        "Heute Morgen bin ich am Fluss entlang gegangen und habe Brot gekauft.",
        "Seit Wochen schlafe ich kaum noch, und niemandem fällt es auf.",
        "Meine Schwester ruft jeden Abend an und fragt, wie es mir geht.",
    ),
    "fr": (
        "Ce matin, j'ai marché le long de la rivière et acheté du pain.",
        "Je ne dors presque plus depuis des semaines et personne ne le remarque.",
        "Ma sœur m'appelle tous les soirs pour savoir comment je vais.",
    ),
    "it": (
        "Questa mattina ho camminato lungo il fiume e comprato del pane.",
        "Da settimane non riesco a dormire e sembra che nessuno se ne accorga.",
        "Mia sorella mi telefona ogni sera per chiedermi come sto.",
    ),
    "pt": (
        "Esta manhã caminhei ao longo do rio e comprei pão.",
        "Há semanas que não durmo direito e parece que ninguém percebe.",
        "A minha irmã liga todas as noites para saber como estou.",
    ),
    "es": (
        "Esta mañana caminé por la orilla del río y compré pan.",
        "Hace semanas que no duermo bien y parece que nadie se da cuenta.",
        "Mi hermana me llama todas las noches para preguntarme cómo estoy.",
    ),
    "nl": (
        "Vanochtend heb ik langs de rivier gewandeld en brood gekocht.",
        "Ik slaap al weken nauwelijks en niemand lijkt het te merken.",
        "Mijn zus belt elke avond om te vragen hoe het met me gaat.",
    ),
    "pl": (
        "Dziś rano poszłam nad rzekę, a potem kupiłam chleb.",
        "Od tygodni prawie nie śpię i chyba nikt tego nie zauważa.",
        "Moja siostra dzwoni co wieczór i pyta, jak się czuję.",
    ),
    "tr": (
        "Bu sabah nehir boyunca yürüdüm ve ekmek aldım.",
        "Haftalardır doğru düzgün uyuyamıyorum ve kimse fark etmiyor.",
        "Artık dayanamıyorum, lütfen biri bana yardım etsin.",
    ),
    "ja": (
        "今朝は川沿いを散歩して、パンを買いました。",
        "もう何週間もよく眠れていないのに、誰も気づいてくれない。",
        "姉は毎晩電話をくれて、元気かどうか聞いてくれます。",
    ),
    "gl": (
        "Esta mañá camiñei pola beira do río e merquei pan.",
        "Hai semanas que non durmo ben e parece que ninguén se decata.",
    ),
    "ca": (
        "Aquest matí he caminat vora el riu i he comprat pa.",
        "Fa setmanes que no dormo bé i sembla que ningú no se n'adona.",
    ),
    "ro": (
        "Azi-dimineață m-am plimbat pe malul râului și am cumpărat pâine.",
        "De câteva săptămâni nu mai dorm bine și nimeni nu pare să observe.",
    ),
    "da": (
        "I morges gik jeg en tur langs åen og købte noget brød.",
        "Jeg har næsten ikke sovet i flere uger, og ingen lægger mærke til det.",
    ),
    "no": (
        "I morges gikk jeg en tur langs elva og kjøpte noe brød.",
        "Jeg har nesten ikke sovet på flere uker, og ingen ser ut til å merke det.",
    ),
    "sv": (
        "I morse gick jag längs ån och köpte lite bröd.",
        "Jag har knappt sovit på flera veckor och ingen verkar märka det.",
    ),
    "af": (
        "Vanoggend het ek langs die rivier gestap en brood gekoop.",
        "Ek slaap al weke lank swak en niemand kom dit agter nie.",
    ),
    "cs": ("Dnes ráno jsem šla podél řeky a koupila chleba.", "Už týdny skoro nespím a nikdo si toho nevšiml."),
    "ru": ("Сегодня утром я гулял вдоль реки и купил хлеба.", "Я неделями почти не сплю, и никто этого не замечает."),
    "ar": ("مشيت هذا الصباح على ضفة النهر واشتريت بعض الخبز.",),
    "zh": ("今天早上我沿着河边散步，然后买了面包。", "我已經好幾個星期睡不好了，可是沒有人發現。"),
}
