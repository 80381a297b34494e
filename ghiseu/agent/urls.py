"""The agents' door. Every address needs a sign-in but `sign-in/`; a test holds the table of who gets what."""

from django.urls import include, path, re_path

from ghiseu.agent import archived, customer, me, new_ticket, outgoing, saved_views, session, ticket_list
from ghiseu.agent.ticket import acts, classify, files, keeping, page, write
from ghiseu.agent.ticket.box import RIGHTS

# A number is what the desk gives; nothing else reaches the database.
NUMBER = r"(?P<number>[0-9A-Za-z-]{1,32})"
KINDS = "|".join(RIGHTS)

urlpatterns = [
    path("", ticket_list.ticket_list, name="tickets"),
    path("queues/<int:queue_id>/", ticket_list.ticket_list, name="queue"),
    path("views/", saved_views.views, name="views"),
    path("views/new/", saved_views.view, name="view-new"),
    path("views/<int:view_id>/", saved_views.view, name="view"),
    path("views/<int:view_id>/move/", saved_views.move, name="view-move"),
    path("views/<int:view_id>/delete/", saved_views.remove, name="view-delete"),
    path("tickets/new/", new_ticket.new_ticket, name="new-ticket"),
    re_path(rf"^tickets/{NUMBER}/$", page.ticket, name="ticket"),
    re_path(rf"^tickets/{NUMBER}/news/$", page.news, name="ticket-news"),
    re_path(rf"^tickets/{NUMBER}/write/(?P<kind>{KINDS})/$", page.write_box, name="ticket-write"),
    re_path(rf"^tickets/{NUMBER}/reply/$", write.reply, name="ticket-reply"),
    re_path(rf"^tickets/{NUMBER}/note/$", write.note, name="ticket-note"),
    re_path(rf"^tickets/{NUMBER}/third-party/$", write.third_party, name="ticket-third-party"),
    re_path(rf"^tickets/{NUMBER}/redirect/$", write.redirect_on, name="ticket-redirect"),
    re_path(rf"^tickets/{NUMBER}/assign/$", acts.assign, name="ticket-assign"),
    re_path(rf"^tickets/{NUMBER}/lock/$", acts.lock, name="ticket-lock"),
    re_path(rf"^tickets/{NUMBER}/unlock/$", acts.unlock, name="ticket-unlock"),
    re_path(rf"^tickets/{NUMBER}/priority/$", acts.priority, name="ticket-priority"),
    re_path(rf"^tickets/{NUMBER}/move/$", acts.move, name="ticket-move"),
    re_path(rf"^tickets/{NUMBER}/close/$", acts.close, name="ticket-close"),
    re_path(rf"^tickets/{NUMBER}/reopen/$", acts.reopen, name="ticket-reopen"),
    re_path(rf"^tickets/{NUMBER}/pending/$", acts.pending, name="ticket-pending"),
    re_path(rf"^tickets/{NUMBER}/archive/$", keeping.archive, name="ticket-archive"),
    re_path(rf"^tickets/{NUMBER}/bring-back/$", keeping.bring_back, name="ticket-bring-back"),
    re_path(rf"^tickets/{NUMBER}/hold/$", keeping.hold, name="ticket-hold"),
    re_path(rf"^tickets/{NUMBER}/release/$", keeping.release, name="ticket-release"),
    re_path(rf"^tickets/{NUMBER}/classify/$", classify.classify, name="ticket-classify"),
    path("articles/<int:article_id>/html/", files.html_box, name="article-html"),
    path("articles/<int:article_id>/original/", files.original, name="article-original"),
    path("articles/<int:article_id>/take-back/", write.take_back, name="article-take-back"),
    path("attachments/<int:attachment_id>/", files.attachment, name="attachment"),
    path("customers/<int:customer_id>/", customer.customer, name="customer"),
    path("customers/<int:customer_id>/hold/", customer.hold, name="customer-hold"),
    path("archive/", archived.archive_list, name="archive-list"),
    path("outgoing/", outgoing.outgoing, name="outgoing"),
    path("outgoing/<int:mail_id>/again/", outgoing.again, name="outgoing-again"),
    path("outgoing/<int:mail_id>/cancel/", outgoing.cancel, name="outgoing-cancel"),
    path("search/", include("ghiseu.agent.search.urls")),
    path("administration/", include("ghiseu.agent.administration.urls")),
    path("me/", me.me, name="me"),
    path("me/password/", me.password, name="password"),
    path("sign-in/", session.SignIn.as_view(), name="sign-in"),
    path("sign-out/", session.SignOut.as_view(), name="sign-out"),
]
