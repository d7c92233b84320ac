//! One walk over the syntax of a file, which fills its measures.

use std::ops::RangeInclusive;

use syn::{
    Attribute, Block, ExprCall, ExprMethodCall, ExprUnsafe, Field, Fields, ImplItemFn, Item, ItemEnum, ItemFn,
    ItemImpl, ItemMod, ItemTrait, Macro, Signature, TraitItem, TraitItemFn, Visibility,
    punctuated::Punctuated,
    spanned::Spanned,
    visit::{self, Visit},
};

use super::{
    macros,
    rust::{Function, RustFile},
};

/// The walk: what was found so far and whether it now stands inside tests.
#[derive(Debug)]
pub struct Walk {
    file: RustFile,
    in_tests: bool,
    may_panic: bool,
    test_ranges: Vec<RangeInclusive<usize>>,
}

impl Walk {
    /// A walk over the file at `path`; `tests` when all of it is tests.
    pub fn over(path: &str, tests: bool) -> Self {
        let file = RustFile { path: path.to_owned(), ..RustFile::default() };
        Self { file, in_tests: tests, may_panic: false, test_ranges: Vec::new() }
    }

    /// What was found, and which lines are tests.
    pub fn finish(self) -> (RustFile, Vec<RangeInclusive<usize>>) {
        (self.file, self.test_ranges)
    }

    fn at(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.file.path)
    }

    /// Goes on with `inside`; when `attributes` say that it is tests, its lines are counted as such.
    fn within(&mut self, attributes: &[Attribute], whole: proc_macro2::Span, inside: impl FnOnce(&mut Self)) {
        let before = (self.in_tests, self.may_panic);
        // `#[expect(clippy::panic, reason = "…")]`: the compiler holds the reason, the reviewer reads it.
        self.may_panic |= attributes.iter().any(|it| it.path().is_ident("expect") && mentions(it, "panic"));
        if is_for_tests(attributes) {
            if !before.0 {
                self.test_ranges.push(whole.start().line..=whole.end().line);
            }
            self.in_tests = true;
        }
        inside(self);
        (self.in_tests, self.may_panic) = before;
    }

    fn function(&mut self, signature: &Signature, body: &Block, attributes: &[Attribute]) {
        let (from, to) = (signature.span().start().line, body.span().end().line);
        let name = signature.ident.to_string();
        if let Some(ignored) = attributes.iter().find(|attribute| attribute.path().is_ident("ignore")) {
            self.file.ignored.push(self.at(ignored.span().start().line, &name));
        }
        if signature.unsafety.is_some() {
            self.unsafety(from, "unsafe function");
        }
        self.file.functions.push(Function { name, lines: to - from + 1, test: self.in_tests });
    }

    /// The matcher's kernels may be unsafe; each has its proof beside it.
    fn unsafety(&mut self, line: usize, what: &str) {
        if !self.file.path.starts_with("matcher/") {
            self.file.unsafes.push(self.at(line, what));
        }
    }

    fn panicking(&mut self, line: usize, what: &str) {
        if !self.in_tests {
            self.file.panics.push(self.at(line, what));
        }
    }

    fn public(&mut self, attributes: &[Attribute], line: usize, what: &str) {
        if self.in_tests {
            return;
        }
        self.file.public_items += 1;
        if !attributes.iter().any(|attribute| attribute.path().is_ident("doc")) {
            self.file.undocumented.push(self.at(line, what));
        }
    }

    fn public_fields(&mut self, fields: &Fields) {
        let is_public = |field: &&Field| is_public(&field.vis);
        for field in fields.iter().filter(is_public).filter(|field| field.ident.is_some()) {
            let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
            self.public(&field.attrs, field.span().start().line, &format!("field {name}"));
        }
    }

    fn public_item(&mut self, item: &Item) {
        let (visibility, attributes, kind, ident) = match item {
            Item::Fn(it) => (&it.vis, &it.attrs, "fn", &it.sig.ident),
            Item::Struct(it) => (&it.vis, &it.attrs, "struct", &it.ident),
            Item::Enum(it) => (&it.vis, &it.attrs, "enum", &it.ident),
            Item::Trait(it) => (&it.vis, &it.attrs, "trait", &it.ident),
            Item::Const(it) => (&it.vis, &it.attrs, "const", &it.ident),
            Item::Static(it) => (&it.vis, &it.attrs, "static", &it.ident),
            Item::Type(it) => (&it.vis, &it.attrs, "type", &it.ident),
            _ => return,
        };
        if is_public(visibility) {
            self.public(attributes, ident.span().start().line, &format!("{kind} {ident}"));
            if let Item::Struct(it) = item {
                self.public_fields(&it.fields);
            }
        }
    }
}

impl Visit<'_> for Walk {
    fn visit_item(&mut self, item: &Item) {
        self.public_item(item);
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &ItemMod) {
        self.within(&item.attrs, item.span(), |walk| visit::visit_item_mod(walk, item));
    }

    fn visit_item_fn(&mut self, item: &ItemFn) {
        self.within(&item.attrs, item.span(), |walk| {
            walk.function(&item.sig, &item.block, &item.attrs);
            visit::visit_item_fn(walk, item);
        });
    }

    fn visit_impl_item_fn(&mut self, item: &ImplItemFn) {
        self.within(&item.attrs, item.span(), |walk| {
            if is_public(&item.vis) {
                walk.public(&item.attrs, item.sig.span().start().line, &format!("fn {}", item.sig.ident));
            }
            walk.function(&item.sig, &item.block, &item.attrs);
            visit::visit_impl_item_fn(walk, item);
        });
    }

    fn visit_trait_item_fn(&mut self, item: &TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.sig, body, &item.attrs);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_trait(&mut self, item: &ItemTrait) {
        if is_public(&item.vis) {
            for member in &item.items {
                if let TraitItem::Fn(function) = member {
                    let line = function.sig.span().start().line;
                    self.public(&function.attrs, line, &format!("fn {}", function.sig.ident));
                }
            }
        }
        visit::visit_item_trait(self, item);
    }

    fn visit_item_enum(&mut self, item: &ItemEnum) {
        if is_public(&item.vis) {
            for variant in &item.variants {
                let line = variant.ident.span().start().line;
                self.public(&variant.attrs, line, &format!("variant {}", variant.ident));
            }
        }
        visit::visit_item_enum(self, item);
    }

    fn visit_item_impl(&mut self, item: &ItemImpl) {
        self.within(&item.attrs, item.span(), |walk| {
            if item.unsafety.is_some() {
                walk.unsafety(item.span().start().line, "unsafe impl");
            }
            visit::visit_item_impl(walk, item);
        });
    }

    fn visit_expr_unsafe(&mut self, expression: &ExprUnsafe) {
        self.unsafety(expression.span().start().line, "unsafe block");
        visit::visit_expr_unsafe(self, expression);
    }

    fn visit_expr_method_call(&mut self, call: &ExprMethodCall) {
        if let Some(name) = macros::PANICKING.iter().find(|name| call.method == **name) {
            self.panicking(call.method.span().start().line, name);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &ExprCall) {
        if let syn::Expr::Path(function) = &*call.func
            && self.in_tests
            && function.path.segments.last().is_some_and(|last| last.ident == "sleep")
        {
            self.file.sleeps.push(self.at(call.span().start().line, "sleep"));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, call: &Macro) {
        let line = call.span().start().line;
        let name = call.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        match name.as_str() {
            "panic" if self.may_panic => {}
            "panic" | "unreachable" => self.panicking(line, &format!("{name}!")),
            "todo" | "unimplemented" => self.file.unfinished.push(self.at(line, &format!("{name}!"))),
            _ => {}
        }
        for (line, method) in macros::method_calls(call.tokens.clone(), &macros::PANICKING) {
            self.panicking(line, &format!("{method} in a macro"));
        }
    }

    fn visit_attribute(&mut self, attribute: &Attribute) {
        let names = |name| attribute.path().is_ident(name);
        let switches_off = names("allow") || names("cfg_attr") && mentions(attribute, "allow");
        if switches_off && !self.is_for_tests_at_a_root(attribute) {
            self.file.allows.push(self.at(attribute.span().start().line, "allow"));
        }
    }
}

impl Walk {
    /// Tests may panic, and the root of their crate says so once.
    fn is_for_tests_at_a_root(&self, attribute: &Attribute) -> bool {
        let path = &self.file.path;
        let root = path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs");
        let inner = matches!(attribute.style, syn::AttrStyle::Inner(_));
        inner && (self.in_tests || root && is_for_tests_only(attribute))
    }
}

/// The file that `#[path = "…"]` names.
pub fn path_of(attributes: &[Attribute]) -> Option<String> {
    let value = attributes.iter().find(|it| it.path().is_ident("path"))?.meta.require_name_value().ok()?;
    match &value.value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Whether `attributes` hold `#[cfg(test)]`, `#[test]` or `#[tokio::test]`.
pub fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let last_is_test = attribute.path().segments.last().is_some_and(|last| last.ident == "test");
        last_is_test
            || attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|p| p.is_ident("test"))
    })
}

/// Whether an attribute is `cfg_attr(test, …)`.
fn is_for_tests_only(attribute: &Attribute) -> bool {
    let parts = attribute.parse_args_with(Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated);
    parts.is_ok_and(|parts| parts.first().is_some_and(|first| first.path().is_ident("test")))
}

fn mentions(attribute: &Attribute, name: &str) -> bool {
    let parts = attribute.parse_args_with(Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated);
    parts.is_ok_and(|parts| parts.iter().any(|part| part.path().segments.last().is_some_and(|last| last.ident == name)))
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
