//! A page as a screen reader is told of it: the accessibility tree of the browser, read by its roles and names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::browser::Browser;

/// Roles of which a page may have more than one only by different names.
const LANDMARKS: [&str; 7] = ["navigation", "banner", "contentinfo", "complementary", "region", "search", "form"];
/// What tells links of one name apart besides the words around them: a part of the page that has a name itself.
const PARTS: [&str; 3] = ["navigation", "region", "article"];
/// Roles that say nothing without a name.
const NAMED: [&str; 15] = [
    "heading",
    "link",
    "button",
    "textbox",
    "searchbox",
    "combobox",
    "listbox",
    "checkbox",
    "radio",
    "table",
    "image",
    "region",
    "group",
    "alertdialog",
    "dialog",
];
/// What stands around a link and tells links of one name apart.
const CONTEXTS: [&str; 6] = ["row", "listitem", "paragraph", "definition", "term", "heading"];

/// One thing that a screen reader may speak of.
struct Node {
    role: String,
    name: String,
    level: Option<i64>,
    url: String,
    element: i64,
    parent: Option<String>,
}

/// The tree that is open in a browser, in the order of the page.
struct Tree<'a> {
    browser: &'a Browser,
    nodes: Vec<(String, Node)>,
    places: BTreeMap<String, usize>,
}

/// Everything that is wrong with the tree of the page that is open.
pub(super) fn looked_at(browser: &Browser, page: &str) -> Vec<String> {
    let tree = Tree::of(browser);
    let wrong = [tree.headings(), tree.landmarks(), tree.names(), tree.links()].concat();
    wrong.into_iter().map(|line| format!("{page}: {line}")).collect()
}

impl<'a> Tree<'a> {
    fn of(browser: &'a Browser) -> Self {
        let found = browser.devtools("Accessibility.getFullAXTree", json!({}));
        let all: BTreeMap<&str, &Value> =
            found["nodes"].as_array().unwrap().iter().map(|node| (node["nodeId"].as_str().unwrap(), node)).collect();
        let mut nodes = Vec::new();
        let mut open = vec![(found["nodes"][0]["nodeId"].as_str().unwrap(), None)];
        while let Some((id, parent)) = open.pop() {
            let Some(node) = all.get(id) else { continue };
            let is_told = node["ignored"] == json!(false);
            let next = if is_told { Some(id.to_owned()) } else { parent.clone() };
            if is_told {
                nodes.push((id.to_owned(), Node::of(node, parent)));
            }
            let children = node["childIds"].as_array().into_iter().flatten().filter_map(Value::as_str);
            open.extend(children.rev().map(|child| (child, next.clone())));
        }
        let places = nodes.iter().enumerate().map(|(place, (id, _))| (id.clone(), place)).collect();
        Self { browser, nodes, places }
    }

    fn all(&self, role: &str) -> Vec<&Node> {
        self.nodes.iter().map(|(_, node)| node).filter(|node| node.role == role).collect()
    }

    /// One first heading, and none that skips a level.
    fn headings(&self) -> Vec<String> {
        let headings = self.all("heading");
        let mut wrong = Vec::new();
        let first = headings.iter().filter(|node| node.level == Some(1)).count();
        if first != 1 {
            wrong.push(format!("headings: {first} of the first level"));
        }
        let mut above = 0;
        for node in headings {
            let level = node.level.unwrap_or(0);
            if level > above + 1 {
                wrong.push(format!("headings: {}: \"{}\" of level {level} after {above}", self.path(node), node.name));
            }
            above = level;
        }
        wrong
    }

    /// One main part, and landmarks of a kind told apart by their names.
    fn landmarks(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mains = self.all("main").len();
        if mains != 1 {
            wrong.push(format!("landmarks: {mains} of the role main"));
        }
        for role in LANDMARKS {
            let all = self.all(role);
            let mut names = BTreeSet::new();
            for node in &all {
                // A form without a name is no landmark.
                let counts = role != "form" || !node.name.is_empty();
                if counts && all.len() > 1 && !names.insert(node.name.as_str()) {
                    wrong.push(format!("landmarks: {}: another {role} \"{}\"", self.path(node), node.name));
                }
            }
        }
        wrong
    }

    fn names(&self) -> Vec<String> {
        // What is folded is a group to the browser, named by what unfolds it.
        let folded: BTreeSet<&str> =
            self.all("DisclosureTriangle").iter().filter_map(|node| node.parent.as_deref()).collect();
        let nameless = self.nodes.iter().filter(|(id, node)| {
            NAMED.contains(&node.role.as_str()) && node.name.trim().is_empty() && !folded.contains(id.as_str())
        });
        nameless.map(|(_, node)| node).map(|node| format!("no name: {}: a {}", self.path(node), node.role)).collect()
    }

    /// Links of one name lead to one place, unless what they stand in tells them apart.
    fn links(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut led: BTreeMap<(String, String), &Node> = BTreeMap::new();
        for node in self.all("link") {
            let key = (node.name.clone(), self.context(node));
            let first = *led.entry(key).or_insert(node);
            if first.url != node.url {
                let (name, here) = (&node.name, self.path(node));
                wrong.push(format!("links: {here}: \"{name}\" leads to {} and to {}", first.url, node.url));
            }
        }
        wrong
    }

    /// The words of the nearest thing that gives a link its meaning, and the names of the parts of the page around it.
    fn context(&self, node: &Node) -> String {
        let mut says = Vec::new();
        let mut has_words = false;
        let mut at = node.parent.as_deref();
        while let Some(place) = at.and_then(|id| self.places.get(id)) {
            let (id, parent) = &self.nodes[*place];
            let role = parent.role.as_str();
            if !has_words && CONTEXTS.contains(&role) {
                has_words = true;
                says.push(self.words(id));
            } else if PARTS.contains(&role) {
                says.push(parent.name.clone());
            }
            at = parent.parent.as_deref();
        }
        says.join(" | ")
    }

    fn words(&self, of: &str) -> String {
        let is_within = |node: &Node| {
            let mut at = node.parent.as_deref();
            while let Some(id) = at {
                if id == of {
                    return true;
                }
                at = self.places.get(id).and_then(|place| self.nodes[*place].1.parent.as_deref());
            }
            false
        };
        let after = &self.nodes[self.places[of]..];
        let texts = after.iter().map(|(_, node)| node).filter(|node| node.role == "StaticText" && is_within(node));
        texts.map(|node| node.name.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The CSS path of what a node stands for.
    fn path(&self, node: &Node) -> String {
        let object = self.browser.devtools("DOM.resolveNode", json!({ "backendNodeId": node.element }));
        let body = super::WAYS;
        let function =
            format!("function () {{ {body}\nreturn path(this.nodeType === 1 ? this : this.parentElement); }}");
        let called = json!({
            "objectId": object["object"]["objectId"], "functionDeclaration": function, "returnByValue": true,
        });
        let answer = self.browser.devtools("Runtime.callFunctionOn", called);
        answer["result"]["value"].as_str().unwrap_or("?").to_owned()
    }
}

impl Node {
    fn of(node: &Value, parent: Option<String>) -> Self {
        let text = |key: &str| node[key]["value"].as_str().unwrap_or_default().to_owned();
        let property = |wanted: &str| {
            let all = node["properties"].as_array().into_iter().flatten();
            all.into_iter().find(|each| each["name"] == json!(wanted)).map(|each| each["value"]["value"].clone())
        };
        Self {
            role: text("role"),
            name: text("name"),
            level: property("level").and_then(|level| level.as_i64()),
            url: property("url").and_then(|url| url.as_str().map(str::to_owned)).unwrap_or_default(),
            element: node["backendDOMNodeId"].as_i64().unwrap_or_default(),
            parent,
        }
    }
}
