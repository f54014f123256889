//! A chapter as HTML: what stands behind a requirement follows its sentence, ids are links, and nothing
//! of the text is markup but what Markdown makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use pulldown_cmark::{
    CodeBlockKind, Event, Options, Parser, Tag, TagEnd, TextMergeWithOffset, html,
};

use super::escape;
use super::links::{self, Links};
use super::panel::Panel;
use crate::outcome::Failure;
use crate::requirement::Requirement;
use crate::words;

pub(super) struct Chapter<'a> {
    pub(super) path: &'a str,
    pub(super) source: &'a str,
    /// By the line on which they begin.
    pub(super) requirements: &'a BTreeMap<usize, &'a Requirement>,
    pub(super) links: &'a Links,
    pub(super) panels: &'a BTreeMap<&'a str, Panel<'a>>,
}

impl Chapter<'_> {
    /// Its title and its body.
    ///
    /// # Errors
    /// If a requirement is not found where it was read.
    pub(super) fn html(&self) -> Result<(String, String), Failure> {
        let options = Options::ENABLE_TABLES | Options::ENABLE_HEADING_ATTRIBUTES;
        let parser = Parser::new_ext(self.source, options).into_offset_iter();
        let mut writer = Writer::new(self);
        for (event, range) in TextMergeWithOffset::new(parser) {
            writer.event(event, &range);
        }
        if let Some(lost) = self
            .requirements
            .values()
            .find(|r| !writer.placed.contains(&r.id))
        {
            let Requirement { id, path, line, .. } = lost;
            let message = format!("{path}:{line}: [{id}] does not begin a paragraph or item here");
            return Err(Failure::new(message));
        }
        let title = writer.title.unwrap_or_else(|| self.path.to_owned());
        let mut body = String::new();
        html::push_html(&mut body, writer.events.into_iter());
        Ok((title, body))
    }
}

struct Writer<'a, 'e> {
    chapter: &'a Chapter<'a>,
    events: Vec<Event<'e>>,
    /// The first heading.
    title: Option<String>,
    /// Of the headings of the chapter.
    anchors: BTreeSet<String>,
    placed: BTreeSet<String>,
    /// The requirement that the block at hand is, until its panel is written.
    open: Option<&'a Requirement>,
    in_paragraph: bool,
    /// A heading, with where it begins, until it ends.
    heading: Option<usize>,
    /// Links, images and code: ids in them are no links of their own.
    plain: usize,
    /// Whether each open link leads anywhere.
    linked: Vec<bool>,
    /// Raw HTML of a block.
    raw: String,
    /// A diagram is folded away.
    folded: bool,
}

impl<'a, 'e> Writer<'a, 'e> {
    fn new(chapter: &'a Chapter<'a>) -> Self {
        Self {
            chapter,
            events: Vec::new(),
            title: None,
            anchors: BTreeSet::new(),
            placed: BTreeSet::new(),
            open: None,
            in_paragraph: false,
            heading: None,
            plain: 0,
            linked: Vec::new(),
            raw: String::new(),
            folded: false,
        }
    }

    fn event(&mut self, event: Event<'e>, range: &Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Html(raw) => self.raw.push_str(&raw),
            Event::InlineHtml(raw) if ["<br>", "<br/>"].contains(&&*raw) => {
                self.events.push(Event::HardBreak);
            }
            Event::InlineHtml(raw) if raw.starts_with("<!--") => {}
            Event::InlineHtml(raw) => self.events.push(Event::Text(raw)),
            other => self.events.push(other),
        }
    }

    fn start(&mut self, tag: Tag<'e>, range: &Range<usize>) {
        let is_block = matches!(
            tag,
            Tag::List(_) | Tag::CodeBlock(_) | Tag::Table(_) | Tag::BlockQuote(_)
        );
        if is_block && !self.in_paragraph {
            self.close();
        }
        match tag {
            Tag::Paragraph | Tag::Item => {
                self.in_paragraph = matches!(tag, Tag::Paragraph);
                let line = self.chapter.source[..range.start].matches('\n').count() + 1;
                self.open = self.chapter.requirements.get(&line).copied();
                self.events.push(Event::Start(tag));
            }
            Tag::Heading { level, id, .. } => {
                self.heading = Some(self.events.len());
                let (classes, attrs) = (Vec::new(), Vec::new());
                let tag = Tag::Heading {
                    level,
                    id,
                    classes,
                    attrs,
                };
                self.events.push(Event::Start(tag));
            }
            Tag::Link { dest_url, .. } => {
                self.plain += 1;
                let link = self.chapter.links.of_chapter(self.chapter.path, &dest_url);
                self.linked.push(link.is_some());
                if let Some(link) = link {
                    self.html(format!("<a href=\"{}\">", escape(&link)));
                }
            }
            // A page of its own loads no pictures: its words stand for it.
            Tag::Image { .. } | Tag::HtmlBlock => self.plain += 1,
            Tag::Table(_) => {
                self.html("<div class=\"wide\">".to_owned());
                self.events.push(Event::Start(tag));
            }
            Tag::CodeBlock(kind) => {
                self.plain += 1;
                self.folded = matches!(&kind, CodeBlockKind::Fenced(name) if &**name == "mermaid");
                if self.folded {
                    self.html("<details><summary>Diagram (Mermaid)</summary>\n".to_owned());
                }
                self.events.push(Event::Start(Tag::CodeBlock(kind)));
            }
            other => self.events.push(Event::Start(other)),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => {
                self.events.push(Event::End(tag));
                self.in_paragraph = false;
                self.close();
            }
            TagEnd::Item => {
                self.close();
                self.events.push(Event::End(tag));
            }
            TagEnd::Heading(_) => self.end_heading(tag),
            TagEnd::Link => {
                self.plain -= 1;
                if self.linked.pop() == Some(true) {
                    self.html("</a>".to_owned());
                }
            }
            TagEnd::Image => self.plain -= 1,
            TagEnd::HtmlBlock => {
                self.plain -= 1;
                let raw = std::mem::take(&mut self.raw);
                if !raw.trim_start().starts_with("<!--") {
                    self.html(format!("<p>{}</p>\n", escape(&raw)));
                }
            }
            TagEnd::Table => {
                self.events.push(Event::End(tag));
                self.html("</div>\n".to_owned());
            }
            TagEnd::CodeBlock => {
                self.plain -= 1;
                self.events.push(Event::End(tag));
                if std::mem::take(&mut self.folded) {
                    self.html("</details>\n".to_owned());
                }
            }
            other => self.events.push(Event::End(other)),
        }
    }

    /// Headings have an anchor of their own on the page, and stand one level below its title.
    fn end_heading(&mut self, end: TagEnd) {
        let Some(start) = self.heading.take() else {
            return;
        };
        let words = self.events[start..].iter().filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) => Some(&**text),
            _ => None,
        });
        let words: String = words.collect();
        let Event::Start(Tag::Heading { level, id, .. }) = &self.events[start] else {
            return;
        };
        let anchor = id
            .as_ref()
            .map_or_else(|| links::stem(&words), ToString::to_string);
        let below = (*level as usize + 1).min(6);
        let full = format!("{}--{anchor}", links::stem(self.chapter.path));
        let id = if self.anchors.insert(full.clone()) {
            format!(" id=\"{}\"", escape(&full))
        } else {
            String::new()
        };
        self.title.get_or_insert(words);
        self.events[start] = Event::Html(format!("<h{below}{id}>").into());
        debug_assert!(matches!(end, TagEnd::Heading(_)));
        self.html(format!("</h{below}>\n"));
    }

    fn text(&mut self, text: &str) {
        let mut rest = text;
        if let Some(requirement) = self.open
            && !self.placed.contains(&requirement.id)
            && let Some(after) = rest.strip_prefix(&format!("[{}]", requirement.id))
        {
            let id = &requirement.id;
            self.placed.insert(id.clone());
            self.html(format!(
                "<a class=\"id\" id=\"{id}\" href=\"#{id}\">[{id}]</a>"
            ));
            rest = after;
        }
        if self.plain > 0 || self.heading.is_some() {
            return self.events.push(Event::Text(rest.to_owned().into()));
        }
        let no_id = |c: char| !c.is_ascii_alphanumeric() && c != '-';
        for piece in rest.split_inclusive(no_id) {
            let word = piece.trim_end_matches(no_id);
            if words::is_id(word) && self.chapter.panels.contains_key(word) {
                self.html(format!("<a href=\"#{word}\">{word}</a>"));
                self.events
                    .push(Event::Text(piece[word.len()..].to_owned().into()));
            } else {
                self.events.push(Event::Text(piece.to_owned().into()));
            }
        }
    }

    /// The panel of the requirement that ends here.
    fn close(&mut self) {
        let Some(requirement) = self.open.take() else {
            return;
        };
        if let Some(panel) = self.chapter.panels.get(requirement.id.as_str()) {
            self.html(panel.html(self.chapter.links));
        }
    }

    /// Markup of ours, in which all that is not ours is escaped.
    fn html(&mut self, html: String) {
        self.events.push(Event::Html(html.into()));
    }
}
