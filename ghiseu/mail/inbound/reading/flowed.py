"""Plain text in its flowed form: RFC 3676 sections 4 to 4.5."""


def unflow(text: str, *, delete_space: bool) -> str:
    """Join the soft-broken lines of `format=flowed`; `delete_space` is the DelSp parameter."""
    out: list[str] = []
    open_depth = -1  # quote depth of an unfinished paragraph, or -1
    for line in text.split("\n"):
        rest = line.lstrip(">")
        depth = len(line) - len(rest)
        rest = rest.removeprefix(" ")
        is_signature = rest == "-- "
        soft = rest.endswith(" ") and not is_signature
        content = rest[:-1] if soft and delete_space else rest
        if open_depth == depth and not is_signature:
            out[-1] += content
        else:
            out.append((">" * depth + " " if depth else "") + content)
        open_depth = depth if soft else -1
    return "\n".join(out)
