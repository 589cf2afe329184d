//! What is known of a request beside its bytes, and whose format it is read by.

use crate::decode::custom::Custom;
use crate::decode::{BodyError, RequestView, Sink, Template, decode};
use crate::event::{Provider, Trust};
use crate::profiles;

/// What the door knows of a request beside its bytes: from the path and the query.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// From the path.
    pub provider: Provider,
    /// Provider account from the path; empty if none.
    pub account: &'a str,
    /// `campaign=` of the callback URL.
    pub campaign: Option<&'a str>,
    /// `blast=` of the callback URL.
    pub blast: Option<&'a str>,
    /// Parameter names of the operator.
    pub template: Option<&'a Template>,
    /// The loaded profile, where the provider is `Profile`.
    pub profile: Option<&'static Custom>,
    /// How far the sender is believed.
    pub trust: Trust,
}

impl Scope<'_> {
    /// The account under which a loaded profile's ids are kept; none without a profile.
    pub(crate) fn profile_account(&self) -> Option<String> {
        self.profile.map(|profile| profile.scope(self.account))
    }

    /// The same scope with a profile's own account.
    pub(crate) fn within<'s>(&'s self, account: Option<&'s str>) -> Scope<'s> {
        let mut scope = *self;
        if let Some(account) = account {
            (scope.provider, scope.account) = (Provider::Profile, account);
        }
        scope
    }

    /// The account of a canonical event that names a profile; none if it names none.
    pub(crate) fn named_account(&self, profile: Option<&str>, account: &str) -> Option<String> {
        if self.profile.is_some() {
            return None;
        }
        let name = profile?;
        let loaded = profiles::loaded(name).map(|profile| profile.scope(account));
        Some(loaded.unwrap_or_else(|| name.to_owned()))
    }

    /// Reads a request by its format.
    pub(crate) fn decode<S: Sink>(
        &self,
        request: &RequestView<'_>,
        sink: &mut S,
    ) -> Result<(), BodyError> {
        match self.profile {
            Some(profile) => profile.decode(request, sink),
            None => decode(self.provider, request, self.template, sink),
        }
    }
}
