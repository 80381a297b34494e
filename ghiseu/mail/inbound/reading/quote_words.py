"""How mail programs, in many languages, introduce what they quote, forward or sign.

Every pattern looks at one line (or a few joined lines) of bounded length and is anchored or linear.
"""

import re

# "On <date>, <somebody> wrote:" - the verb, wherever it stands.
WROTE = re.compile(
    r"写道|寫道|写到|さんは書きました|のメッセージ|님이 작성|のメール|"
    r"(?<!\w)(?:wrote|writes|a écrit|à écrit|ecrit|a ecrit|schrieb|"
    r"schreibt|geschrieben|escribió|escribio|"
    r"ha escrito|ha scritto|scrisse|schreef|geschreven|escreveu|skrev|napisał(?:\(a\)|\(-a\)|a|/a)?|"
    r"napisal|pisze|kirjoitti|a scris|scris|scrie|написал(?:\(а\)|а|/а)?|пишет|писал(?:\(а\)|а)?|"
    r"написав(?:\(ла\)|/ла)?|написала|пише|napsal(?:\(a\)|a)?|napísal(?:\(a\)|a)?|píše|írta|ezt írta|yazdı|"
    r"şunları yazdı|"
    r"έγραψε|написа|napisao|napisala|je napisao|rašė|rakstīja|kirjutas|viết|đã viết|menulis|написал:|写道|寫道|写到|"
    r"さんは書きました|のメッセージ|님이 작성|schreibselte|écrivit|sent|notified|commented|said|"
    r"كتب(?:/كتبت|ت)?|نوشت|va escriure|idatzi du|ha escrit|escribiu|skrifaði|skrifar|כתב(?:/ה|ה)?|님이)(?!\w)",
    re.IGNORECASE,
)
# The first word of such a line.
ON = re.compile(
    r"^\W{0,12}(?:on|at|in message|in article|le|am|im|el|il|op|em|no dia|den|w dniu|dnia|dne|dňa|pe|"
    r"la data de|la|în data|in data|în|în ziua|в|во|у|on the|o|fre|lör|sön|mån|tis|ons|tor|man|tir|ma|ti|ke|"
    r"to|la|su|pada|vào|في|بتاريخ|ב|בתאריך|2\d{3}|\d{1,2}[./-])(?!\w)",
    re.IGNORECASE,
)
_MONTH = (
    r"jan|feb|mar|apr|may|maj|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez|déc|fév|avr|juin|juil|août|ene|abr|ago|"
    r"dic|gen|mag|giu|lug|set|ott|out|fev|sty|lut|kwi|cze|lip|sie|wrz|paź|lis|gru|ian|iun|iul|noi|"
    r"янв|фев|мар|апр|мая|май|июн|июл|авг|сен|окт|ноя|дек|січ|лют|бер|кві|тра|чер|лип|сер|вер|жов|лис|гру|"
    r"tammi|helmi|maalis|huhti|touko|kesä|heinä|elo|syys|loka|marras|joulu|年|月"
)
DATE = re.compile(
    r"\d{1,4}\s{0,2}[./年-]\s{0,2}\d{1,2}\s{0,2}[./月-]\s{0,2}\d{1,4}|\d{1,2}[.:]\d\d(?:\s?[ap]\.?m\.?)?|"
    r"(?<!\w)(?:" + _MONTH + r")\w{0,8}\.?,?\s{0,3}\d|\d{1,2}\.?\s{1,3}(?:de\s)?(?:" + _MONTH + ")",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"[\w.+=-]{1,64}@[\w.-]{1,255}")
# Quoting somebody, with the address.
QUOTING = re.compile(
    r"^\W{0,5}(?:quoting|zitat von|citando|citation de|citát|cytowanie|citat från)\s.{1,200}:\s{0,3}$", re.IGNORECASE
)
# A date, a name and an address on a line of their own, without a colon.
BARE_DATED_SENDER = re.compile(
    r"^(?:\d{4}[/-]\d{1,2}[/-]\d{1,2},?|\d{1,2}\.\d{1,2}\.\d{4},\s\d{1,2}:\d\d,)\s.{0,100}<[\w.+=-]{1,64}@[\w.-]{1,255}>$"
)
# The same in the middle of a line, after other words.
SHARED = re.compile(
    r"(?:\s-{2,4}\s?|(?<=\S)-{2,4}\s?|\s{1,3})On\s(?:(?:mon|tue|wed|thu|fri|sat|sun)\w{0,6}|\d{1,2}[./ -]|(?:"
    + _MONTH
    + r")\w{0,6}\s\d).{4,200}(?:wrote|writes)\s?:\s{0,3}$",
    re.IGNORECASE,
)
# A date, a name and an address, and nothing else: Gmail in many languages, Yandex, Mail.ru.
DATED_SENDER = re.compile(
    r"^\W{0,12}(?:\w{2,14}\.?,?\s)?(?:\d{1,4}[./-]\d{1,2}[./-]\d{2,4}|"
    r"\d{1,2}\.?\s(?:de\s)?\w{3,12}\.?,?\s(?:de\s)?\d{4}|\w{3,12}\.?\s\d{1,2},?\s\d{4}|"
    r"\d{4}年).{0,150}?[<(\[]?(?:mailto:)?[\w.+=-]{1,64}@[\w.-]{1,255}[>)\]]{0,3}.{0,30}[:：]\s{0,3}$"
)

_FROM = (
    r"from|de|von|van|da|od|fra|från|de la|от|от кого|від|від кого|lähettäjä|feladó|kimden|gönderen|"
    r"expéditeur|remitente|mittente|afzender|nadawca|expeditor|отправитель|absender|发件人|寄件者|差出人|送信元|"
    r"보낸 사람|από|"
    r"odesílatel|odosielateľ|nuo|saatja|no|dari|từ|מאת|من|از"
)
_SENT = (
    r"sent|date|envoyé|envoyée|date d'envoi|gesendet|datum|verzonden|inviato|data|wysłano|wysłane|sendt|dato|"
    r"skickat|fecha|enviado|enviado el|enviada|enviada em|enviado em|trimis|отправлено|дата|надіслано|"
    r"lähetetty|päivämäärä|pvm|(?:el)?küldve|dátum|изпратено|gönderilme tarihi|gönderildi|tarih|sent at|"
    r"发送时间|发件时间|日期|寄件日期|送信日時|"
    r"日時|보낸 날짜|ημερομηνία|στάλθηκε|odesláno|odoslané|date sent|送信|saadetud|kuupäev|išsiųsta|تم الإرسال|أرسلت|"
    r"التاريخ|تاريخ|נשלח|תאריך"
)
_TO = (
    r"to|à|an|aan|a|do|till|til|para|către|catre|кому|до|vastaanottaja|címzett|kime|kimden|destinataire|"
    r"empfänger|ontvanger|destinatario|destinatari|destinatar|收件人|宛先|받는 사람|προς|komu|kam|kepada|đến|кого|إلى|"
    r"אל|به"
)
_SUBJECT = (
    r"subject|objet|относно|sujet|betreff|onderwerp|oggetto|temat|emne|ämne|asunto|assunto|subiect|тема|aihe|tárgy|"
    r"konu|主题|主旨|主題|件名|제목|θέμα|předmět|predmet|tema|teema|perihal|chủ đề|الموضوع|موضوع|נושא"
)
_OTHER = (
    r"cc|cci|bcc|copie à|copie|kopie|kopia|копия|копія|reply-to|réponse à|antwort an|répondre à|importance|"
    r"priority|attachments|anlagen|pièces jointes|抄送|másolatot kap|organization|message-id|copia|kopi|в копии|"
    r"نسخة|resent-from|x-\w{2,20}"
)
HEADER_FROM = re.compile(rf"^[\W_]{{0,12}}(?:{_FROM})\s{{0,3}}\*{{0,2}}\s?[:：]\*{{0,2}}(?!//)", re.IGNORECASE)
HEADER_SENT = re.compile(rf"^[\W_]{{0,12}}(?:{_SENT})\s{{0,3}}\*{{0,2}}\s?[:：]\*{{0,2}}", re.IGNORECASE)
HEADER_TO = re.compile(rf"^[\W_]{{0,12}}(?:{_TO})\s{{0,3}}\*{{0,2}}\s?[:：]\*{{0,2}}", re.IGNORECASE)
HEADER_SUBJECT = re.compile(rf"^[\W_]{{0,12}}(?:{_SUBJECT})\s{{0,3}}\*{{0,2}}\s?[:：]\*{{0,2}}", re.IGNORECASE)
HEADER_OTHER = re.compile(rf"^[\W_]{{0,12}}(?:{_OTHER})\s{{0,3}}\*{{0,2}}\s?[:：]\*{{0,2}}", re.IGNORECASE)

# "-----Original Message-----"
_ORIGINAL = (
    r"original(?=\s?-)|original[ -]?(?:message|appointment|nachricht|mail|e-mail|email|text)|(?:ursprüngliche|"
    r"originale?) (?:nachricht|mail|e-mail)|message (?:d'origine|original|initial|d’origine)|mensaje original|"
    r"messaggio (?:originale|originario)|"
    r"oorspronkelijk (?:bericht|e-mailbericht)|mensagem original|(?:исходное|первоначальное|"
    r"оригинальное) (?:сообщение|письмо)|mesaj(?:ul)? (?:original|inițial|initial)|(?:wiadomość|"
    r"treść) oryginaln\w|oryginalna wiadomość|originalmeddelande|"
    r"ursprungligt meddelande|original(?:t)? meddelelse|opprinnelig melding|oprindelig meddelelse|"
    r"alkuperäinen viesti|eredeti üzenet|původní zpráva|pôvodná správa|orijinal mesaj|özgün ileti|(?:вихідне|"
    r"початкове|оригінальне) повідомлення|"
    r"原始邮件|原始郵件|元のメッセージ|"
    r"original\s?messages?|reply (?:message|above this line)|antwort(?: auf)? nachricht|"
    r"wiadomość pierwotna|previous message|in reply to|mensagem anterior|αρχικό μήνυμα|原邮件|回复的原邮件"
)
ORIGINAL = re.compile(
    rf"^[\s>*]{{0,10}}(?:[-_=*—–‐‑―~+.]{{2,60}}\s{{0,5}}(?:{_ORIGINAL})\b.{{0,60}}?[-_=*—–‐‑―~+.]{{0,60}}\s{{0,5}}$|"
    rf"(?:{_ORIGINAL})\s{{0,3}}[-_=*—–‐‑―~+]{{2,60}}\s{{0,5}}$|(?:{_ORIGINAL})\s{{0,2}}:?\s{{0,5}}$)",
    re.IGNORECASE,
)
ZOHO = re.compile(
    r"^[\s>]{0,5}-{2,10}\s?(?:on |el |le |am |in |op |em )?.{0,200}?(?:wrote|escribió|écrit|schrieb|schreef|"
    r"escreveu|ha scritto|написал)\w{0,3}\s?-{2,10}\s{0,3}$",
    re.IGNORECASE,
)
REPLY_LINE = re.compile(
    r"^[\W_]{0,40}(?:(?:please )?(?:reply|type your (?:reply|response)|respond|write your reply|"
    r"enter your reply|add your reply) (?:above|before) (?:this|the) line|do not (?:write|"
    r"type) below this line|"
    r"(?:bitte )?(?:schreiben|antworten) sie (?:bitte )?(?:über|oberhalb)|répondre au-dessus|"
    r"responda (?:por )?(?:encima|acima)|пожалуйста, пишите (?:ответ )?выше|пишите выше этой линии|"
    r"vă rugăm să răspundeți deasupra)",
    re.IGNORECASE,
)

FORWARDED = re.compile(
    r"^[\s>]{0,10}[-_=*—–‐‑―~+]{0,60}\s{0,5}(?:begin forwarded message|start of forwarded message|"
    r"(?:original )?forwarded (?:message|mail|e-mail|by)|weitergeleitete (?:nachricht|e-mail|mail)|"
    r"anfang der weitergeleiteten|message transféré|début du message (?:transféré|réexpédié)|"
    r"mensaje reenviado|inicio del mensaje reenviado|messaggio inoltrato|inizio messaggio inoltrato|"
    r"doorgestuurd bericht|mensagem (?:encaminhada|reencaminhada)|início da mensagem|"
    r"пересылаемое (?:сообщение|письмо)|пересланное (?:сообщение|письмо)|"
    r"начало переадресованного|начало пересылаемого|переслане повідомлення|початок переадресованого|"
    r"перенаправлене|mesaj (?:redirecționat|transmis mai departe|redirectionat)|mesaj transmis|"
    r"przekazana wiadomość|wiadomość przekazana|treść przekazanej|"
    r"videresendt|vidarebefordrat|vidarebefordrade|vidarebefordras|välitetty viesti|továbbított|přeposlaná|"
    r"iletilen|转发邮件|转发的邮件|轉寄|転送メッセージ|転送された)\b",
    re.IGNORECASE,
)

# "Sent from my phone": a line of its own.
DEVICE = re.compile(
    r"^[\s>*_~—–|\[(-]{0,12}(?:"
    r"(?:sent|posted|written|replied|message sent|typed|composed) (?:from|via|by|with|using|on|through|while|"
    r"mobil) .{1,90}|sent from$|get outlook for (?:ios|android).{0,60}|get (?:bluemail|typeapp|mail) .{0,60}|"
    r"(?:download|try) .{0,20}(?:app|mail) .{0,60}|"
    r"(?:envoyé|expédié|envoyee|envoye|message envoyé) (?:de |depuis |à partir |avec |via |par |d').{1,90}|"
    r"téléchargez outlook .{1,60}|obtenez outlook .{1,60}|provenance : .{1,60}|"
    r"(?:von (?:meine[mr]|unterwegs|mobil|meinen|outlook|yahoo|samsung|i(?:phone|pad)|web\.de|"
    r"gmx).{0,60}(?:gesendet|geschickt|versendet|verschickt)|gesendet (?:von|mit|über|aus|via) .{1,80}|"
    r"diese nachricht wurde (?:von|mit) .{1,80}|mobil gesendet|outlook für (?:ios|android) .{0,60}|"
    r"holen sie sich outlook .{1,60}).{0,20}|"
    r"enviad[oa] (?:desde|do|de|a partir|por|via|pelo|pela|con|meu|usando|del) .{1,90}|"
    r"obtener outlook .{1,60}|obter o outlook .{1,60}|descarga outlook .{1,60}|"
    r"inviat[oa] (?:da|dal|dall'|con|tramite|dalla) ?.{1,90}|scarica outlook .{1,60}|ottieni outlook .{1,60}|"
    r"(?:verzonden|verstuurd|verstuur[dt]|gestuurd) (?:vanaf|via|vanuit|met|van) .{1,90}|outlook voor (?:ios|"
    r"android) .{0,60}|download outlook .{0,60}|"
    r"wysłan[eoay] (?:z|ze|za) .{1,90}|pobierz (?:aplikację )?outlook .{0,60}|"
    r"(?:skickat|sänt|skickades) (?:från|med|via) .{1,90}|sendt (?:fra|med|via) .{1,90}|hämta outlook .{0,60}|"
    r"hent outlook .{0,60}|lähetetty .{1,90}|"
    r"(?:отправлено|послано|отправлен\w{0,3}|написано|сообщение отправлено) (?:с|со|из|через|от|при|in|via|"
    r"мобильн\w{0,5}) ?.{1,90}|(?:с уважением,? )?отправлено .{0,20}(?:iphone|ipad|android|samsung|mail\.ru|"
    r"яндекс|yandex|"
    r"телефон|почт).{0,60}|"
    r"(?:надіслано|відправлено|надіслан\w{0,3}|повідомлення надіслано) (?:з|із|зі|через|за|від) ?.{1,90}|"
    r"(?:trimis|expediat|mesaj trimis|transmis|scris) (?:de pe|din|de la|de|prin|cu|via|folosind) .{1,90}|"
    r"(?:скачать|загрузить|загрузите|установите|завантажити|отримати|завантажте) outlook .{0,60}|"
    r"obțineți outlook .{0,60}|descărcați outlook .{0,60}|"
    r"(?:elküldve|küldve) .{1,90}|.{1,40}(?:ról|ről|készülékemről) küldve|odesláno .{1,90}|odoslané .{1,90}|"
    r"poslano .{1,90}|(?:.{1,40} )?(?:ımdan|umdan|imden|\S{0,20}dan|telefonumdan) gönderildi.{0,20}|.{1,30}(?:から送信|"
    r"より送信).{0,20}|(?:从我的|发自我的|來自我的|發自我的|从|发自|傳送自我的) ?.{1,30}(?:发送|傳送)?|.{1,30}傳送|"
    r"나의 .{1,20}에서 보냄|أ\W?رسلت من .{1,60}|"
    r"تم الإرسال من .{1,60}|נשלח מ.{1,60}|στάλθηκε από .{1,60}|"
    r"my (?:phone|mobile).{0,30}typos.{0,40}|(?:please )?excuse (?:the |any |my )?(?:brevity|typos|spelling|"
    r"terseness|short).{0,80}|sorry for (?:the )?(?:brevity|typos).{0,60}|pardon (?:the |any |my )?(?:brevity|"
    r"typos).{0,60}|via (?:newton mail|mobile).{0,60}"
    r")[\s>*_~—–|\])-]{0,12}$",
    re.IGNORECASE,
)
DASHES = re.compile(r"^\s{0,3}(?:--|—|––|—-|-—)\s{0,3}$|^-- ?$")
RULE = re.compile(
    r"^[\s*]{0,5}(?:(?:[.·•]\s?){5,60}|[-—–]{3,100}|_{2,100}|={3,100}|\*{3,100}|#{4,100}|~{3,100}|"
    r"(?:[-_*=] ){3,60})[\s*]{0,5}$"
)
# What tells a signature from other short lines: ways to reach somebody, kinds of companies.
CONTACT = re.compile(
    r"(?<!\w)(?:tel|phone|mobile?|fax|skype|telegram|viber|whatsapp|cell|direct|gsm|тел|моб|факс|"
    r"телефон)(?!\w)|www\.|https?:|"
    r"[\w.+-]{1,64}@[\w-]{1,63}\.|\+\d[\d ()-]{6,20}\d|(?<!\w)(?:gmbh|ltd|llc|inc|corp|s\.?r\.?l|s\.?a|"
    r"s\.?p\.?a|b\.?v|ooo|ооо|тов|пп|srl|ag|oy|ab|sp\. z o)(?!\w)",
    re.IGNORECASE,
)
# What lists and programs put under a mail.
FOOTER = re.compile(
    r"^[\W_]{0,20}(?:(?:you (?:are )?receiv(?:ed?|ing) this (?:message|e-?mail|mail|because)|"
    r"you received this message because|to unsubscribe|to (?:view|stop receiving|respond|"
    r"reply)[^.]{0,60}(?:this|visit|email|discussion|thread|topic)|to post to this group|unsubscribe|"
    r"for more options,? visit|visit (?:this group|topic)|view (?:it|this) (?:on|in|email|message)|"
    r"reply to this email directly|manage your (?:subscription|notification)|mailing list|this (?:e-?mail|"
    r"message)(?: (?:has been|was|and|is))[^.]{0,60}(?:virus|scanned|checked|confidential|intended|avast|avg|"
    r"mailscanner)|"
    r"virus-?free|avast|no virus found|checked by avg|scanned by|diese e-mail wurde von avast|"
    r"cet e-mail a été vérifié|без вирусов|проверено на отсутствие|"
    r"(?:the )?(?:information|content|contents)[^.]{0,80}(?:confidential|privileged|intended)|"
    r"confidentiality (?:notice|note)|disclaimer|notice: |important notice|legal notice|privileged)|"
    r".{1,60} mailing list$)",
    re.IGNORECASE,
)
