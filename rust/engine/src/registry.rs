//! Campaigns and blasts by name, and the blasts of each sender. Registration only adds.
//!
//! Knows who was addressed by whom and when; nothing of what became of it.

use crate::codec::{BlastRecord, CampaignRecord};
use crate::error::InputError;
use crate::event::{BlastId, CampaignId};
use crate::keys::{KeyMap, Keys};
use crate::limits::{
    BLASTS_COUNT_MAX, CAMPAIGNS_COUNT_MAX, NAME_BYTES_MAX, SENDER_BYTES_MAX, TAGS_PER_BLAST_MAX,
};
use crate::sets::Facts;

/// One campaign.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Campaign {
    /// Its name.
    pub name: String,
    /// Key of its name.
    pub key: u64,
    /// What it cost, in millionths.
    pub cost_micros: Option<i64>,
    /// Currency of the cost.
    pub currency: Option<String>,
    /// When its window closes.
    pub closes_at_ms: Option<i64>,
    /// Chosen success measure.
    pub goal: Option<String>,
    /// Its blasts, in order of registration.
    pub blasts: Vec<BlastId>,
}

/// One blast.
#[derive(Clone, Debug, PartialEq)]
pub struct Blast {
    /// Its campaign.
    pub campaign: CampaignId,
    /// Its name within the campaign.
    pub name: String,
    /// Key of campaign and name.
    pub key: u64,
    /// Whom it was sent from, as given.
    pub sender: Option<String>,
    /// Key of the sender; 0 without one.
    pub sender_key: u64,
    /// When it was sent, milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Key and value, in order of the key.
    pub tags: Vec<(String, String)>,
    /// Facts that are certain to be this blast's.
    pub facts: Facts,
    /// Facts found by sender and contact: a later registration may move them.
    pub loose_facts: Facts,
}

/// All of a directory.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// By id.
    pub campaigns: Vec<Campaign>,
    /// By id.
    pub blasts: Vec<Blast>,
    campaign_ids: KeyMap<CampaignId>,
    blast_ids: KeyMap<BlastId>,
    /// Blasts of a sender, oldest first; equal times in order of their keys.
    senders: KeyMap<Vec<BlastId>>,
}

impl Registry {
    /// The campaign with this key.
    pub fn campaign_id(&self, key: u64) -> Option<CampaignId> {
        self.campaign_ids.get(&key).copied()
    }

    /// The blast with this key.
    pub fn blast_id(&self, key: u64) -> Option<BlastId> {
        self.blast_ids.get(&key).copied()
    }

    /// A campaign.
    pub fn campaign(&self, id: CampaignId) -> Option<&Campaign> {
        self.campaigns.get(id.0 as usize)
    }

    /// A blast.
    pub fn blast(&self, id: BlastId) -> Option<&Blast> {
        self.blasts.get(id.0 as usize)
    }

    /// A blast, to be changed.
    pub fn blast_mut(&mut self, id: BlastId) -> Option<&mut Blast> {
        self.blasts.get_mut(id.0 as usize)
    }

    /// Blasts of a sender, oldest first.
    pub fn of_sender(&self, key: u64) -> &[BlastId] {
        self.senders.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Registers or updates a campaign.
    pub fn put_campaign(&mut self, keys: Keys, record: &CampaignRecord<'_>) {
        let key = keys.campaign(record.name);
        let id = *self.campaign_ids.entry(key).or_insert_with(|| {
            let name = record.name.to_owned();
            self.campaigns.push(Campaign {
                name,
                key,
                ..Campaign::default()
            });
            CampaignId(u32::try_from(self.campaigns.len() - 1).unwrap_or(u32::MAX))
        });
        let Some(campaign) = self.campaigns.get_mut(id.0 as usize) else {
            return;
        };
        campaign.cost_micros = record.cost_micros.or(campaign.cost_micros);
        campaign.closes_at_ms = record.closes_at_ms.or(campaign.closes_at_ms);
        if let Some(currency) = record.currency {
            campaign.currency = Some(currency.to_owned());
        }
        if let Some(goal) = record.goal {
            campaign.goal = Some(goal.to_owned());
        }
    }

    /// Registers or updates a blast; `None` if its campaign is not there. A sender once given
    /// stays (`check_blast` refuses another), and so does the time.
    pub fn put_blast(&mut self, keys: Keys, record: &BlastRecord<'_>) -> Option<BlastId> {
        let campaign = self.campaign_id(keys.campaign(record.campaign))?;
        let key = keys.blast(record.campaign, record.name);
        let id = match self.blast_id(key) {
            Some(id) => id,
            None => self.new_blast(campaign, key, record)?,
        };
        let blast = self.blasts.get_mut(id.0 as usize)?;
        for (tag, value) in &record.tags {
            match blast
                .tags
                .binary_search_by(|(key, _)| key.as_str().cmp(tag))
            {
                Ok(at) => {
                    if let Some((_, old)) = blast.tags.get_mut(at) {
                        (*value).clone_into(old);
                    }
                }
                Err(at) => blast
                    .tags
                    .insert(at, ((*tag).to_owned(), (*value).to_owned())),
            }
        }
        if let (None, Some(sender)) = (&blast.sender, record.sender) {
            blast.sender = Some(sender.to_owned());
            blast.sender_key = keys.sender(&crate::decode::number::sender_key_text(sender));
            let (sender_key, at, key) = (blast.sender_key, blast.at_ms, blast.key);
            self.add_to_sender(sender_key, id, at, key);
        }
        Some(id)
    }

    fn new_blast(
        &mut self,
        campaign: CampaignId,
        key: u64,
        record: &BlastRecord<'_>,
    ) -> Option<BlastId> {
        let id = BlastId(u32::try_from(self.blasts.len()).ok()?);
        self.blasts.push(Blast {
            campaign,
            name: record.name.to_owned(),
            key,
            sender: None,
            sender_key: 0,
            at_ms: record.at_ms,
            tags: Vec::new(),
            facts: Facts::default(),
            loose_facts: Facts::default(),
        });
        self.blast_ids.insert(key, id);
        self.campaigns.get_mut(campaign.0 as usize)?.blasts.push(id);
        Some(id)
    }

    fn add_to_sender(&mut self, sender: u64, id: BlastId, at_ms: i64, key: u64) {
        let blasts = &self.blasts;
        let order = |id: &BlastId| {
            blasts
                .get(id.0 as usize)
                .map_or((i64::MAX, 0), |blast| (blast.at_ms, blast.key))
        };
        let list = self.senders.entry(sender).or_default();
        let place = list.partition_point(|other| order(other) < (at_ms, key));
        list.insert(place, id);
    }

    /// Whether a campaign may be registered so.
    ///
    /// # Errors
    /// `NameInvalid`, `TooMany`.
    pub fn check_campaign(
        &self,
        keys: Keys,
        record: &CampaignRecord<'_>,
    ) -> Result<(), InputError> {
        check_name("campaign", record.name)?;
        let new = self.campaign_id(keys.campaign(record.name)).is_none();
        if new && self.campaigns.len() >= CAMPAIGNS_COUNT_MAX {
            return Err(too_many("campaigns", "directory", CAMPAIGNS_COUNT_MAX));
        }
        Ok(())
    }

    /// Whether a blast may be registered so.
    ///
    /// # Errors
    /// `NameInvalid`, `TooMany`, `Unknown` without its campaign, `ValueInvalid` when it has
    /// another sender or time already.
    pub fn check_blast(
        &self,
        keys: Keys,
        record: &BlastRecord<'_>,
        at_given: bool,
    ) -> Result<(), InputError> {
        check_name("blast", record.name)?;
        for (key, value) in &record.tags {
            check_name("tag", key)?;
            check_name("tag", value)?;
        }
        if self.campaign_id(keys.campaign(record.campaign)).is_none() {
            return Err(InputError::Unknown {
                what: "campaign",
                name: record.campaign.to_owned(),
                hint: "Register it first.".to_owned(),
            });
        }
        if record
            .sender
            .is_some_and(|sender| sender.len() > SENDER_BYTES_MAX)
        {
            let reason =
                format!("is longer than {SENDER_BYTES_MAX} bytes, the longest that is sent from");
            return Err(InputError::ValueInvalid {
                what: "sender",
                reason,
            });
        }
        let known = self.blast_id(keys.blast(record.campaign, record.name));
        let old = known
            .and_then(|id| self.blast(id))
            .map_or(&[][..], |blast| blast.tags.as_slice());
        let mut tags: Vec<&str> = old.iter().map(|(key, _)| key.as_str()).collect();
        tags.extend(record.tags.iter().map(|(key, _)| *key));
        tags.sort_unstable();
        tags.dedup();
        if tags.len() > TAGS_PER_BLAST_MAX {
            return Err(too_many("tags", "blast", TAGS_PER_BLAST_MAX));
        }
        let Some(blast) = known.and_then(|id| self.blast(id)) else {
            if self.blasts.len() >= BLASTS_COUNT_MAX {
                return Err(too_many("blasts", "directory", BLASTS_COUNT_MAX));
            }
            return Ok(());
        };
        let other_sender = record.sender.is_some_and(|sender| {
            let key = keys.sender(&crate::decode::number::sender_key_text(sender));
            blast.sender_key != 0 && blast.sender_key != key
        });
        if other_sender {
            let reason = "is another than at the first registration. Use a new blast for it.";
            return Err(InputError::ValueInvalid {
                what: "sender",
                reason: reason.to_owned(),
            });
        }
        if at_given && blast.at_ms != record.at_ms {
            let reason = "is another than at the first registration. Use a new blast for it.";
            return Err(InputError::ValueInvalid {
                what: "time",
                reason: reason.to_owned(),
            });
        }
        Ok(())
    }

    /// Rebuilds the look-ups after the tables were filled from a snapshot.
    pub fn index(&mut self) {
        let blasts = self.blasts.iter().zip(0..);
        self.blast_ids = blasts
            .clone()
            .map(|(blast, id)| (blast.key, BlastId(id)))
            .collect();
        let campaigns = self.campaigns.iter().zip(0..);
        self.campaign_ids = campaigns
            .map(|(item, id)| (item.key, CampaignId(id)))
            .collect();
        let senders: Vec<_> = blasts
            .filter(|(blast, _)| blast.sender_key != 0)
            .map(|(blast, id)| (blast.sender_key, BlastId(id), blast.at_ms, blast.key))
            .collect();
        self.senders.clear();
        for (sender, id, at_ms, key) in senders {
            self.add_to_sender(sender, id, at_ms, key);
        }
    }
}

const fn too_many(what: &'static str, unit: &'static str, count: usize) -> InputError {
    InputError::TooMany { what, unit, count }
}

/// Whether a name can be one: visible, of limited length, and never needing an escape in an
/// expression, a path or a log line.
///
/// # Errors
/// `NameInvalid`.
pub fn check_name(what: &'static str, name: &str) -> Result<(), InputError> {
    let reason = if name.is_empty() {
        "is empty"
    } else if name.len() > NAME_BYTES_MAX {
        "is longer than 128 bytes"
    } else if name.chars().any(char::is_control) {
        "has a control character"
    } else if name.contains('"') {
        "has a quote"
    } else {
        return Ok(());
    };
    Err(InputError::NameInvalid { what, reason })
}
