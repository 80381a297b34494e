import pytest

from ghiseu.lib.language import guess_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Bună ziua, site-ul nu funcționează de ieri.", "ro"),
        ("Buna ziua, va rog sa verificati de ce nu merge posta", "ro"),
        ("Здравствуйте, у меня не открывается сайт, помогите пожалуйста", "ru"),
        ("Добрий день, не працює пошта, будь ласка перевірте", "uk"),
        ("Hello, my website is down since this morning, please help", "en"),
        ("", ""),
        ("12345 https://x.example", ""),
    ],
)
def test_the_language_of_a_short_mail_is_guessed(text: str, language: str) -> None:
    assert guess_language(text) == language
