//! The page: what stands at a requirement, what stands out, and that nothing of the text is markup.

use crate::fixture::{CHAPTER, CODE, Fixture, SEEN};

const PAGE: &str = "target/spec.html";

/// What `report` says, and the page.
fn page(fixture: &Fixture) -> (String, String) {
    let run = fixture.run(&["report"]);
    run.succeeds();
    (run.out, fixture.get(PAGE))
}

/// The part of the page at this requirement.
fn at<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, after) = page
        .split_once(&format!("id=\"{id}\" href=\"#{id}\">[{id}]</a>"))
        .expect("the requirement");
    after.split("</details>").next().expect("its end")
}

#[track_caller]
fn has(html: &str, parts: &[&str]) {
    for part in parts {
        assert!(html.contains(part), "no {part:?} in {html}");
    }
}

#[test]
fn a_requirement_has_what_stands_behind_it() {
    let fixture = Fixture::sound();
    let vectors = "{ \"kind\": \"code\", \"vectors\": [\n{ \"id\": \"code/a\", \"shows\": [\"CONSENT-1\"] },\n\
        { \"id\": \"code/b\", \"shows\": [], \"error\": { \"requirement\": \"CONSENT-1\" } }] }";
    fixture.put("spec/vectors/code.json", vectors);
    let module = "---- MODULE M ----\n\\* CONSENT-1\nAsk(x) == x\n====\n";
    fixture.put("spec/model/M.tla", module);
    let (out, page) = page(&fixture);
    assert!(
        out.starts_with("spec report: 3 requirements, 0 lacking something, in "),
        "{out}"
    );
    let here = at(&page, "CONSENT-1");
    has(
        here,
        &[
            " The sharer MUST ask before the first frame.",
            "<dd>sharer</dd>",
            "<span class=\"seen wire\">wire</span> 1 place in code · 1 test · 2 vectors · 1 definition",
            "<a href=\"../crates/a/src/lib.rs#L1\">crates/a/src/lib.rs:1</a> <code>fn a() {}</code>",
            "<a href=\"../crates/a/src/lib.rs#L4\">crates/a/src/lib.rs:4</a>",
            "<a href=\"../spec/vectors/code.json#L2\">code/a</a></li>",
            "<a href=\"../spec/vectors/code.json#L3\">code/b</a> refused</li>",
            "<a href=\"../spec/model/M.tla#L2\">spec/model/M.tla:2</a> <code>Ask</code>",
        ],
    );
    assert!(!here.contains("class=\"lack\""), "{here}");
    has(at(&page, "CONSENT-2"), &["<dd>relay</dd>", "lib.rs:5"]);
}

#[test]
fn cells_are_shown_with_their_states() {
    let fixture = crate::check_tables::sound();
    let (_, page) = page(&fixture);
    let light = "<a href=\"#tables-lamp--light\">lamp, light</a>: <i>";
    has(
        at(&page, "CONSENT-1"),
        &[
            " · 1 test · 2 cells<",
            &format!("<dt>cells</dt><dd><ul><li>{light}pause: set</i> in on</li>"),
            &format!("<li>{light}press</i> in on</li>"),
        ],
    );
    let unset = format!("<li>{light}pause: unset</i> in on</li>");
    has(at(&page, "CONSENT-2"), &[" · 1 cell<", &unset]);
    let there = [
        "<section id=\"tables-lamp\">",
        " id=\"tables-lamp--light\">Light<",
    ];
    has(&page, &there);
}

#[test]
fn what_is_lacking_stands_out() {
    let fixture = Fixture::sound();
    let good = fixture.get(CODE);
    let line = |n: usize| good.lines().nth(n).expect("a line");
    let (_, sound) = page(&fixture);
    has(&sound, &["No requirement lacks", "<td>0</td></tr>"]);

    for (n, id, lack) in [(0, "CONSENT-1", "no code"), (4, "CONSENT-2", "no test")] {
        fixture.put(CODE, &good.replace(line(n), ""));
        let (out, page) = page(&fixture);
        assert!(out.contains(" 1 lacking something"), "{out}");
        let listed = format!("<li><a href=\"#{id}\">{id}</a>: <b class=\"lack\">{lack}</b></li>");
        has(&page, &[&listed, "<td class=\"lacks\">1</td>"]);
        let shown =
            format!("<details class=\"behind lacks\" open><summary><b class=\"lack\">{lack}</b>");
        has(at(&page, id), &[&shown]);
    }

    fixture.put(CODE, &good);
    fixture.replace(CHAPTER, "first frame", "second frame");
    let (_, stale) = page(&fixture);
    has(
        at(&stale, "CONSENT-1"),
        &[
            "<b class=\"lack\">stale citation</b>",
            "<b class=\"lack\">stale</b> <a",
        ],
    );
}

#[test]
fn the_index_counts_by_area() {
    let fixture = Fixture::sound();
    fixture.replace(
        SEEN,
        "relay = \"wire\"",
        "relay = { none = \"a <b> & \\\"c\\\"\" }",
    );
    let (_, page) = page(&fixture);
    let row = "<th><a href=\"#CONSENT-1\">CONSENT</a></th><td>3</td><td>2</td><td>2</td><td>0</td><td>0</td><td>0</td>\
        <td>2</td><td>0</td><td>0</td><td>1</td><td>0</td></tr>";
    has(&page, &[row, "<tr><th>all</th><td>3</td>"]);
    has(
        at(&page, "CONSENT-2"),
        &["<dd>nowhere: a &lt;b&gt; &amp; &quot;c&quot;</dd>"],
    );
}

/// Nothing is loaded or run, whatever stands in the text or in the code.
#[test]
fn nothing_of_the_text_is_markup() {
    let fixture = Fixture::sound();
    let text = fixture.get(CHAPTER);
    let evil = "\n## <script>title</script> {#evil onclick=alert(1)}\n\n\
        A <img src=x onerror=alert(2)> and <b>bold</b>, [x](javascript:alert(3)), [y](data:text/html,z),\n\
        [w](//host/q), ![pic](https://host/pic.png) and `<i>code</i>`.\n\n\
        <script>alert(4)</script>\n\n<!-- hidden\n\n<script>alert(5)</script> -->\n\n\
        ```html\"><script>\n</code><script>alert(6)</script>\n```\n\n\
        | a |\n|---|\n| one<br>two <script>alert(7)</script> |\n";
    fixture.put(CHAPTER, &format!("{text}{evil}"));
    fixture.replace(
        CODE,
        "fn a() {}",
        "fn a() {} // <script>alert(8)</script>\"'",
    );
    // The anchor is malformed, and has to do no harm all the same.
    assert_eq!(fixture.run(&["report"]).code, Some(1));
    let page = fixture.get(PAGE);
    for bad in [
        "<script",
        "<img",
        "<b>bold",
        "<i>code",
        "href=\"javascript",
        "href=\"data",
        "href=\"//",
        "pic.png",
        "onclick=",
        "hidden",
    ] {
        assert!(!page.contains(bad), "{bad} in {page}");
    }
    has(
        &page,
        &[
            "&lt;script&gt;title",
            "&lt;img src=x onerror=alert(2)&gt;",
            "&lt;b&gt;bold&lt;/b&gt;",
            "&lt;script&gt;alert(4)",
            "&lt;script&gt;alert(6)",
            "one<br />\ntwo &lt;script&gt;",
            "fn a() {} // &lt;script&gt;alert(8)&lt;/script&gt;&quot;&#39;",
            "<code>&lt;i&gt;code&lt;/i&gt;</code>",
            "default-src 'none'",
        ],
    );
}

#[test]
fn links_and_ids_lead_to_places_on_the_page() {
    let fixture = Fixture::sound();
    let more = "# More {#more}\n\n## Twice {#consent}\n\nAs [CONSENT-1], `CONSENT-2` and CONSENT-3 say, unlike CONSENT-4:\n\
        [a](session.md#consent), [b](#consent), [c](registry.toml), [d](../crates/a/src/lib.rs#L2), [e](session.md),\n\
        [f](https://host/x?a=1&b=2), [g](../../out.md).\n";
    fixture.put("spec/more.md", more);
    let (_, page) = page(&fixture);
    has(
        &page,
        &[
            "<h3 id=\"session--consent\">",
            "<h3 id=\"more--consent\">",
            "<section id=\"session\">",
            "As [<a href=\"#CONSENT-1\">CONSENT-1</a>], <code>CONSENT-2</code> and <a href=\"#CONSENT-3\">CONSENT-3</a> say, unlike CONSENT-4:",
            "<a href=\"#session--consent\">a</a>",
            "<a href=\"#more--consent\">b</a>",
            "<a href=\"../spec/registry.toml\">c</a>",
            "<a href=\"../crates/a/src/lib.rs#L2\">d</a>",
            "<a href=\"#session\">e</a>",
            "<a href=\"https://host/x?a=1&amp;b=2\">f</a>",
            " g.</p>",
        ],
    );
}

#[test]
fn it_goes_where_it_is_told() {
    let fixture = Fixture::sound();
    let file = fixture.path("out/deep/page.html");
    fixture
        .run(&["report", file.to_str().expect("text")])
        .succeeds();
    has(
        &fixture.get("out/deep/page.html"),
        &["href=\"../../crates/a/src/lib.rs#L1\""],
    );
    fixture
        .run(&["report", "page.html", "--sources", "https://host/main"])
        .succeeds();
    has(
        &fixture.get("page.html"),
        &["href=\"https://host/main/crates/a/src/lib.rs#L1\""],
    );
}

#[test]
fn a_page_of_a_text_with_errors_is_not_complete() {
    let fixture = Fixture::sound();
    fixture.replace(CHAPTER, "MUST ask", "asks");
    let run = fixture.run(&["report"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out.contains("not complete, 1 error in the text"),
        "{}",
        run.out
    );
    has(&fixture.get(PAGE), &["[CONSENT-1] The sharer asks"]);
}
