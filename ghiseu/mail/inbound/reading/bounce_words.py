"""The words by which mail systems say that a mail did not arrive, and what they mean.

Matched against lower-case text on one line; every pattern is linear in the text it is given.
"""

import re

# A mail system as the sender: the local part, or the display name.
DAEMON_ADDRESS = re.compile(
    r"^(?:mailer-?_?daemon|mail-?daemon|mdaemon|post_?master|mailsystem|mail-?system|mail\.delivery\.system|"
    r"mail-?delivery|"
    r"mailadmin|mail-admin|bounces?|bounce-notification|smtp|dsn|imss|interscan|mmdf|uucp|no-?reply-dsn|"
    r"delivery-?status|exchange-?admin|"
    r"microsoftexchange[0-9a-f]+|symantec_antivirus.*|mailer)(?:[+@\\-]|$)"
)
DAEMON_NAME = re.compile(
    r"mail(?:er)?[ -]?daemon|mail delivery|delivery (?:sub)?system|delivery status|postmaster|system administrator|"
    r"mail system|mail server at|mail administrator|mail gateway|"
    r"internet mail service|microsoft outlook|mailmarshal|interscan|"
    r"administrateur du syst|systemadministrator|systeemadministrator|smtp gateway|администратор почтов|"
    r"почтовая система"
)
# Names among them that people bear too.
TITLE = re.compile(r"postmaster|system administrator|mail administrator|administrateur du syst|syste?emadministrator")
# Machines that may be a mail system or a shop, and the words by which the mail system is known.
NO_REPLY = re.compile(r"^(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|sys-?admin)\b")
MAILBOX = re.compile(
    r"mailbox|no valid recipients|user (?:is )?unknown|unknown user|rcpt to|\b5\d\d[ -]#?5\.\d{1,3}\.\d|"
    r"account is (?:full|over|temporarily|disabled)|quota"
)

# Subjects that a mail system gives to what it sends back.
SUBJECT = re.compile(
    r"(?:\W{0,10}(?:auto(?:matic(?:ally)?)?:? |warning:? |notice:? |re: )?)?(?:"
    r"(?:un)?deliver(?:ed|able|y)? ?(?:mail|message|e-mail)?(?: status)?(?: notification)?:? ?\(?(?:failure|"
    r"failed|delay(?:ed)?|error|problem|report|"
    r"returned to sender|warning|notification|fehlgeschlagen)|"
    r"undeliver(?:ed|able)|non[- ]?deliver(?:y|able)|"
    r"(?:mail|message|e-mail|email|permanent|final)? ?delivery (?:to |has |was |is )?(?:.{0,80} )?(?:failed|"
    r"failure|error|problem|delayed|warning|status|notification|aborted|suspended|report)|"
    r"delivery[ _]?(?:failure|error|problem|report|status|failed|delayed|warning|notification)|"
    r"(?:failure|error|bounce) ?(?:notice|notification|delivery|message)?(?:$|:)|failure notice|"
    r"returned (?:e-?mail|mail|message)|delayed (?:e-?mail|mail|message)|"
    r"mail (?:could|can ?not|not|failure|failed|error|system error|rejected|returned|undeliverable|has been returned)|"
    r"(?:message|e-?mail) (?:(?:you sent )?(?:was |has been )?(?:not |un)deliver|could not|returned|rejected|"
    r"bounced|blocked|delayed|still (?:not|being)|status|undeliverable)|"
    r"(?:your |the )?(?:e-?mail|message|mail) (?:to .{1,100} )?(?:could not|cannot|was not|has not|"
    r"has been (?:blocked|rejected|delayed|returned|quarantined)|was rejected|was blocked|couldn't)|"
    r"could not (?:send|deliver)|cannot send mail|can't send mail|unable to deliver|not delivered|smtp error|"
    r"mail error|user unknown|unknown (?:user|recipient|address)|"
    r"considered unsolicited bulk email|banned contents|loop alert|rejected (?:mail|message|posting)|nondeliverable|"
    r"unzustellbar|nicht zustellbar|zustellung fehlgeschlagen|unzustellbarkeit|mail ?zustellung|unzustellbare|"
    r"fehlgeschlagene zustellung|"
    r"non remis|échec (?:de |d')?(?:la )?(?:remise|distribution|livraison|délivrance|envoi)|"
    r"notification d'état de remise|courrier non|message non|non délivré|avis de non|"
    r"não entregue|falha na entrega|notificação de falha|devolu|no se puede entregar|no entregado|"
    r"error de entrega|mensaje no|correo devuelto|"
    r"notifica(?:zione)? (?:di |dello )?(?:stato|mancat)|mancata consegna|impossibile (?:recapitare|"
    r"consegnare)|messaggio non|"
    r"niedostarcz|nie dostarcz|nie można dostarczyć|zwrot wiadomo|onbestelbaar|niet bezorgd|kan ikke leveres|"
    r"olevererbart|kunde inte levereras|"
    r"недоставлен|не доставлен|невозможно доставить|ошибка доставки|сообщение не|письмо не|ваше сообщение не|"
    r"ваше письмо не|отчет о доставке|возврат письма|"
    r"недостав|не вдалося доставити|помилка доставки|ваш лист не|повідомлення не|"
    r"nelivrat|nu a putut fi livrat|mesaj(?:ul)? (?:dvs\. )?nu|eroare (?:de|la) livrare|livrare eșuată|"
    r"notificare (?:de )?ne-?livrare|"
    r"mail deli[a-z]* (?:failed|failure)|service message|配信|送信できません|无法|退信|系统退信|退件"
    r")"
)

# Sentences in the text of such a mail.
SENTENCE = re.compile(
    r"(?:could|can|may|was|were|has|have|is|are|did|will)(?:n[o']t| ?not) (?:yet )?(?:be |been |"
    r"able to be )?(?:successfully )?(?:deliver|reach|route|accept|process|send|sent)|"
    r"cannot (?:be )?(?:deliver|route|reach|send)|unable to (?:be )?(?:deliver|route|relay|send)|"
    r"undeliver(?:ed|able)|not (?:yet )?(?:been )?delivered|never been delivered|"
    r"deliver(?:y|ing)? (?:to|of|attempt|for|has|was|could|error|failed|failure|problem|status|your|this|"
    r"message|the)[^.]{0,120}?(?:fail|abort|delay|suspend|postpone|impossible|gave up|gave you|unsuccess|"
    r"cannot|could not|not )|"
    r"delevery to the following|delivery (?:failed|failure|error|delayed|has been delayed|problem)|"
    r"failed to deliver|failed permanently|permanent(?:ly)? (?:fail|error|fatal)|fatal error|"
    r"(?:returned|bounced|rejected|refused|blocked) (?:to (?:the )?sender|back|by|because|undeliverable|your|"
    r"message)|(?:mail|message|e-mail|email) (?:you sent )?(?:was|has been|is being|is) (?:returned|rejected|"
    r"refused|bounced|blocked|delayed|undeliverable|not delivered)|"
    r"(?:following|these|this) (?:address|recipient|user|e-mail)[^.]{0,60}(?:fail|unknown|not exist|reject|"
    r"problem|error|undeliver|could|delay|affected|not reach|not)|did not reach|"
    r"recipient(?:'s)? (?:address |mailbox |inbox )?(?:was |is )?(?:rejected|unknown|full|does not exist|"
    r"not found|over|has exceeded)|(?:user|recipient|mailbox|address|account)(?: \S{1,100})? (?:unknown|"
    r"not found|does ?n[o']t exist|is full|unavailable|is unavailable|disabled|has been disabled|is over|"
    r"exceeds|exceeded|rejected|not listed)|"
    r"doesn't have an? \S{1,60} account|no such (?:user|recipient|mailbox|person|address|domain)|"
    r"unknown (?:user|recipient|address|local)|over ?quota|quota exceeded|mailbox (?:is )?full|"
    r"(?:remote|mail) (?:host|server) (?:said|replied|responded|rejected)|host said|(?:rcpt to|mail from|"
    r"data):? ?<[^>]{0,200}>|smtp error|transcript of session|reporting-mta|final-recipient|"
    r"diagnostic[- ]code|"
    r"(?:\b|<<< )(?:4[25]\d|5[0-7]\d)[ -]#?[45]\.\d{1,3}\.\d{1,3}|problem(?:s)? (?:delivering|"
    r"with the e-?mail address)|"
    r"(?:group|list) you tried to contact|may not exist, or you may not have permission|duplicated message-id|"
    r"too many hops|mail loop|"
    r"(?:still|keep|continue)[^.]{0,60}(?:try|retry|attempt)[^.]{0,40}|will (?:be retried|retry|try again)|"
    r"konnte(?:n)? (?:leider )?nicht (?:zugestellt|übermittelt|ausgeliefert)|nicht zustell|unzustellbar|"
    r"zustellung[^.]{0,60}(?:fehl|nicht|verz)|nicht erreicht|"
    r"n'a (?:pas )?(?:pu|été)|pas pu être|non remis|échec (?:de|d')|n'ont pas|impossible de (?:remettre|"
    r"délivrer|livrer)|"
    r"no (?:se )?(?:ha )?(?:podido|pudo|puede) (?:ser )?(?:entreg|enviar)|não (?:foi|pôde|"
    r"pode) (?:ser )?(?:possível )?(?:entreg|enviar)|non (?:è stato|può essere|ha raggiunto)|"
    r"impossibile (?:recapitare|consegnare)|"
    r"nie (?:można|mogła|mógł|została|udało)[^.]{0,40}dostarcz|niedostarcz|niet (?:bezorgd|afgeleverd)|"
    r"kunde inte|kunne ikke|"
    r"не (?:может быть|удалось|было|была|был|смог(?:ло|ли)?|получилось|возможно)[^.]{0,40}достав|недоставл|"
    r"невозможно доставить|ошибка (?:при )?доставк|не доставлен|пользователь не найден|ящик переполнен|"
    r"не (?:може бути|вдалося|було)[^.]{0,40}достав|помилка доставк|"
    r"nu a(?:u)? (?:putut|fost|ajuns)[^.]{0,40}(?:livrat|trimis|destina)|nu poate fi livrat|"
    r"livrarea[^.]{0,60}(?:eșuat|esuat)|"
    r"送信できません|届きません|配信できません|宛先|送信に失敗|あて先|存在しません|エラー|無法|无法|ディレクトリ|リストにありません|不能投递|投递失败|退回"
)

# Temporary trouble that lasted until the system stopped trying.
GAVE_UP = re.compile(
    r"not going to try again|in the queue too long|retry time(?:out)? exceeded|"
    r"will be deleted from queue|maximum retry time|giving up after"
)
RETRIED = re.compile(r"retry time(?:out)? exceeded|maximum retry time")
# Words that hide the reason: those of a usual subject, and "Recipient address rejected: Policy violation".
SAYS_NOTHING = re.compile(
    r"return(?:ed|ing)(?: mail| message)?(?: to (?:the )?sender)?|"
    r"recipient address rejected: (?=[^.]{0,60}(?:polic|relay|authenticat|spam|block|rate|greylist|spf|dkim|dmarc|"
    r"listed|violation|too large|quota|full))"
)
TEMPORARY = re.compile(
    r"delay|temporar|postponed|deferred|warning|will (?:be )?(?:retr|keep trying|continue)|still (?:trying|"
    r"being|not)|retry|not need to (?:resend|re-send)|queued|"
    r"try again later|verzögert|retard|opóźnion|задерж|отложен|întârzi"
)
PERMANENT = re.compile(
    r"permanent|fatal|giving up|gave up|gave you up|could ?n[o']t be delivered|failed|undeliverable|returned|"
    r"rejected|unknown|not exist|expired|aborted"
)

AUTOMATIC_REPLY_SUBJECT = re.compile(
    r"(?:re: ?)?(?:auto(?:matic)?[- :]?(?:reply|response|responder|antwort)|automatic reply|autoreply|auto:|"
    r"out of (?:the )?office|ooo\b|abwesen|vacation(?=$|:| (?:auto|reply|message|notice|response))|"
    r"away from (?:the |my )?(?:office|desk|mail|e-mail|work|keyboard)|réponse automatique|"
    r"absence(?=$|:| (?:du bureau|auto|message|notice|notification))|absent du bureau|"
    r"automatische antwort|automatisch antwoord|respuesta autom|"
    r"resposta autom|risposta automatica|"
    r"automatyczna odpowied|автоответ|автоматический ответ|автоматична відповідь|răspuns automat|"
    r"raspuns automat|autosvar|automaattinen|自動応答|自动答复)"
)

_CATEGORIES = (
    (
        "mailbox-full",
        (
            r"mail(?:box|folder|drop)?[^.]{0,40}\bfull|over ?-?quota|quota[^.]{0,40}(?:exceed|full|over|reached|"
            r"violat)|exceed(?:s|ed|ing)?[^.]{0,60}(?:quota|storage|mailbox|mail box|allowed size|disk)|"
            r"(?:out of|insufficient|not enough) (?:system |disk |storage )?(?:storage|quota|disk ?space|space|"
            r"resources)|storage (?:limit|allocation)|too much mail|has run out|box (?:is )?full|space left|"
            r"(?:mail ?box|account|user)[^.]{0,20} exceeded|over the allowed|mailbox size limit|"
            r"no space|переполнен|boîte[^.]{0,30}pleine"
        ),
    ),
    (
        "rejected",
        (
            r"sender(?:'s)? (?:address|domain|verif|denied|reject|was rejected|policy|not|unknown)|domain of sender|"
            r"(?:^|\W)from:? (?:domain|header|address)|from: ?header|return[- ]path|from address|"
            r"multiple[^.]{0,40}from: header"
        ),
    ),
    (
        "too-large",
        (
            r"(?:message|mail|size|attachment|file)(?:(?!queue)[^.]){0,40}(?:too (?:large|big|long)|"
            r"line limit exceeded|exceed[^.]{0,50}(?:size|limit|maximum|length))|(?:exceeds?|exceeded|over|"
            r"larger than)[^.]{0,40}(?:maximum|max|fixed|message|size|administrative)[^.]{0,30}(?:size|limit|length)|"
            r"too (?:large|big) (?:message|for)|size limit|message length|line (?:length )?limit exceeded"
        ),
    ),
    (
        "no-domain",
        (
            r"(?:host|domain)(?: name| or domain)?(?: \S{1,100})? (?:unknown|not found|does not exist|isn't|"
            r"is not (?:found|valid|known)|lookup fail|has no)|(?:unknown|no such|invalid|non-?existent|bad|"
            r"illegal) (?:host|domain)|unrout(?:e)?able (?:mail )?(?:domain|address)|nxdomain|name (?:service|server|"
            r"not found)|"
            r"dns[^.]{0,40}(?:fail|error|not|no )|couldn't find any host|no (?:mx|a) record|"
            r"not find (?:a )?(?:gateway|host|domain|mail exchanger)|domain (?:does ?n[o']t|not|isn't)|"
            r"all relevant mx records|mx (?:or srv )?record"
        ),
    ),
    (
        "delivery-problem",
        (
            r"(?:connect(?:ion|ed)?|session)[^.]{0,40}(?:timed?[ -]?out|refused|reset|lost|dropped|closed|fail)|"
            r"(?:un)?able to (?:connect|establish|contact)|requests? to connect|socket error|not respond|unreachable|"
            r"not reachable|"
            r"timed out|timeout|too long|retry time|host[^.]{0,30}down|network|no smtp service|loop|hop count|"
            r"too many hops|internal (?:system |server )?error|system error|configuration error|disk (?:full|space)|"
            r"protocol error"
        ),
    ),
    (
        "no-recipient",
        (
            r"(?:user|recipient|mailbox|address|account|local part|mail ?box|addressee|name|person|"
            r"member)[^.;]{0,60}?(?:unknown|not (?:be )?(?:found|exist|known|listed|valid|registered|recogni[sz]ed)|"
            r"do(?:es)? ?n[o']t (?:exist|have)|no longer|invalid|unavailable|inactive|disabled|discontinued|suspended|"
            r"is not|isn't|not accept|unavail|not available|refused to accept|not here|not our|not local)|"
            r"(?:unknown|no such|invalid|bad|nonexistent|non-existent|unrecognized|unresolvable|inactive|"
            r"undeliverable|wrong|illegal) (?:local |recipient|user|mailbox|address|account|destination|addressee|"
            r"alias|person|rcpt)|no (?:mailbox|user|account|recipient|such)[^.]{0,20}|doesn't have an? |"
            r"not a valid (?:user|mailbox|recipient)|"
            r"user_?unknown|recipientnotfound|unknown or illegal alias|unrouteable address|not exist|"
            r"could not be found|couldn't be found|account (?:has been|is) |нет такого|не существует|не найден|"
            r"inconnu|unbekannt|introuvable|nicht gefunden|nu a(?:u)? (?:putut fi|fost) găsit|nie znaleziono|"
            r"не знайден|не існує|no se (?:ha )?(?:encontr|pudo encontrar)|non trovat|niet gevonden|"
            r"存在しません|mailbox name not allowed|this user|recipient address rejected|"
            r"address is correct|mailbox has moved|disabled recipient|in the same domain"
        ),
    ),
    (
        "rejected",
        (
            r"spam|block|violation|complaint|not (?:be )?able to post|permission|permiso|autoris|black ?list|policy|"
            r"dmarc|\bspf\b|dkim|authenticat|relay|denied|reject|refus|not (?:authori[sz]ed|allowed|permitted|accept)|"
            r"permission|content|virus|banned|reputation|\brate\b|limit exceed|too fast|"
            r"unsolicited|bulk|forbidden|prohibited|greylist|grey ?list|too many (?:message|connection|recipient|"
            r"invalid)|junk|suspicious|listed|security|abuse|tls|ptr|reverse dns|sender|protection|complian|"
            r"restricted|access|service refus|unverif|deferred due"
        ),
    ),
)
CATEGORIES = tuple((name, re.compile(pattern)) for name, pattern in _CATEGORIES)

BY_STATUS = {
    "1.1": "no-recipient",
    "1.2": "no-domain",
    "1.3": "no-recipient",
    "1.6": "no-recipient",
    "1.10": "no-recipient",
    "1.7": "rejected",
    "1.8": "rejected",
    "2.1": "no-recipient",
    "2.2": "mailbox-full",
    "2.3": "too-large",
    "3.4": "too-large",
    "4.4": "no-domain",
    "7.13": "no-recipient",
    "7.0": "rejected",
    "7.1": "rejected",
}
