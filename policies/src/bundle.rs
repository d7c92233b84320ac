//! One bundle: catalogue, dictionary, schema, policies and cases, loaded and checked as a whole or not at all.

use std::{path::Path, sync::Arc};

use cedar_policy::Authorizer;
use exchange::{
    catalogue::Catalogue,
    decision::{Decider, Decision, Question, Told},
    directory::Agency,
    ids::PolicyId,
    onboarding::Rules,
};

use crate::{
    cases::{self, Cases},
    children::Children,
    citizenship,
    clientage::{self, ClientType},
    complete,
    decide::{self, Method},
    error::BundleError,
    forums,
    law::Law,
    matrix::{self, Matrix, Misregistered},
    memo::Memo,
    newcomers, parse,
    source::Source,
};

/// The law in force: what [`Decider`] decides by.
pub struct Bundle {
    generation: u64,
    title: String,
    catalogue: Arc<Catalogue>,
    law: Law,
    matrix: Matrix,
    children: Children,
    citizenship: citizenship::Rules,
    authorizer: Authorizer,
    memo: Memo,
    cases: Cases,
    newcomers: Arc<Rules>,
}

impl Bundle {
    /// The bundle that this program was built with.
    ///
    /// # Errors
    /// [`BundleError`] names each file and what is wrong with it; a test holds that nothing is.
    pub fn embedded() -> Result<Self, BundleError> {
        Self::load(&Source::embedded())
    }

    /// The bundle in a folder laid out as `policies/` is.
    ///
    /// # Errors
    /// [`BundleError`] names each file and what is wrong with it.
    pub fn from_dir(path: &Path) -> Result<Self, BundleError> {
        Self::load(&Source::from_dir(path)?)
    }

    /// The bundle that these files make.
    ///
    /// # Errors
    /// [`BundleError`] names each file and what is wrong with it.
    pub fn load(source: &Source) -> Result<Self, BundleError> {
        let header = parse::header(source)?;
        let dictionary = parse::dictionary(source)?;
        let services = parse::catalogue(source)?;
        let law = Law::read(source, &dictionary, &services)?;
        let matrix = Matrix::in_force(source, &header.matrix)?;
        let children = Children::read(source, header.child_biometrics.as_deref())?;
        let citizenship = citizenship::read(source).map_err(BundleError::new)?;
        forums::check(source).map_err(BundleError::new)?;
        let clients = clientage::read(source).map_err(BundleError::new)?;
        let newcomers = Arc::new(newcomers::read(source, clients)?);
        let cases = cases::read(source)?;
        complete::check(&services, &dictionary, &law, &cases.cases)?;
        BundleError::unless_empty(matrix::columns(source, &services)?)?;
        let catalogue = Catalogue::new(
            services.into_iter().map(|placed| placed.item).collect(),
            dictionary.into_iter().map(|placed| placed.item).collect(),
        );
        Ok(Self {
            generation: header.generation,
            title: header.title,
            catalogue: Arc::new(catalogue),
            law,
            matrix,
            children,
            citizenship,
            authorizer: Authorizer::new(),
            memo: Memo::default(),
            cases,
            newcomers,
        })
    }

    /// Decides without the memo and each datatype by itself: what [`Decider::decide`] must always equal.
    #[must_use]
    pub fn decide_plainly(&self, question: &Question) -> Decision {
        self.decide_by(question, Method::OneByOne)
    }

    /// Decides without the memo.
    #[must_use]
    pub fn decide_afresh(&self, question: &Question) -> Decision {
        self.decide_by(question, Method::Together)
    }

    fn decide_by(&self, question: &Question, method: Method) -> Decision {
        let enrolled = self.children.enrolled(question);
        let decided = decide::decide(&self.law, &self.matrix, &self.authorizer, (question, enrolled.as_ref()), method);
        Decision { generation: self.generation, ..decided }
    }

    /// Whether decisions are remembered: not if a policy reckons with the present otherwise than as before or after.
    #[must_use]
    pub fn remembers(&self) -> bool {
        self.law.steady
    }

    /// What explanations look up.
    pub(crate) fn law(&self) -> &Law {
        &self.law
    }

    /// What the bundle calls itself, for people.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Every policy's name, sorted.
    #[must_use]
    pub fn policies(&self) -> Vec<PolicyId> {
        let mut all: Vec<_> = self.law.policies().cloned().collect();
        all.sort();
        all
    }

    /// The types of clients, and what must be seen of each before it is one.
    #[must_use]
    pub fn clients(&self) -> &[ClientType] {
        &self.newcomers.clients
    }

    /// Agencies whose kind and sector cannot both be right, such as a bank that is called a part of the State: the door holds
    /// each of them suspended.
    #[must_use]
    pub fn misregistered<'a>(&self, agencies: impl IntoIterator<Item = &'a Agency>) -> Vec<Misregistered> {
        agencies.into_iter().filter_map(|agency| self.matrix.misregistered(agency)).collect()
    }

    /// By what a person is a citizen.
    #[must_use]
    pub fn citizenship(&self) -> &citizenship::Rules {
        &self.citizenship
    }

    /// The bundle's own cases: what it promises to permit and to refuse.
    #[must_use]
    pub fn cases(&self) -> &Cases {
        &self.cases
    }
}

impl Decider for Bundle {
    fn decide(&self, question: &Question) -> Decision {
        if !self.law.steady {
            return self.decide_by(question, Method::Together);
        }
        let enrolled = self.children.enrolled(question);
        self.memo.recall(question, enrolled.as_ref()).unwrap_or_else(|| {
            let decision = self.decide_by(question, Method::Together);
            self.memo.keep(question, enrolled.as_ref(), &decision);
            decision
        })
    }

    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue)
    }

    fn generation(&self) -> u64 {
        self.generation
    }

    fn told(&self, policy: &PolicyId) -> Option<Told> {
        self.policy(policy)
    }

    fn misregistration(&self, agency: &Agency) -> Option<String> {
        self.misregistered([agency]).first().map(ToString::to_string)
    }

    fn newcomers(&self) -> Option<Arc<Rules>> {
        Some(Arc::clone(&self.newcomers))
    }
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundle")
            .field("generation", &self.generation)
            .field("title", &self.title)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What every policy tells the person who is refused.
    const SENTENCES: &str = "@lawful(\"Ask the operator.\")@lawful_ur(\"منتظم سے پوچھیں۔\")";

    #[test]
    fn the_embedded_bundle_is_complete() {
        let bundle = Bundle::embedded().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(bundle.catalogue().services().len(), 52);
        assert_eq!(Decider::generation(&bundle), 1);
    }

    #[test]
    fn a_bundle_is_refused_whole_with_file_and_reason() {
        let check = |source: Source, file: &str, reason: &str| {
            let error = Bundle::load(&source).unwrap_err();
            let found = error.problems().iter().any(|p| p.file == file && p.reason.contains(reason));
            assert!(found, "wanted {file}: {reason}; got {error}");
        };
        let source = Source::embedded;
        let policy =
            |scope: &str| format!("@id(\"X\")@authority(\"x\")@obligation(\"log\"){SENTENCES}permit ({scope});");
        let x = "domains/x/X.cedar";
        check(source().without("schema/ijazat.cedarschema"), "schema/ijazat.cedarschema", "missing");
        check(source().with(x, "permit (principal"), x, "unexpected");
        check(source().with(x, "permit (principal, action, resource);"), x, "needs @id(\"X\")");
        check(source().with(x, &policy("principal, action == Ijazat::Action::\"fly\", resource")), x, "fly");
        check(
            source().with("guardrails/X.cedar", &policy("principal, action, resource")),
            "guardrails/X.cedar",
            "forbids",
        );
        let typo = format!(
            "@id(\"X\")@authority(\"x\")@reason(\"policy_denied\"){SENTENCES}forbid (principal, action, resource) \
             when {{ resource.class == Ijazat::Classification::\"Sercet\" }};"
        );
        check(source().with(x, &typo), x, "Sercet");
        let unguarded = typo.replace("resource.class == Ijazat::Classification::\"Sercet\"", "context.user.disabled");
        check(source().with(x, &unguarded), x, "user");
    }
}
