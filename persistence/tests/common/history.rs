//! Events that could have happened, under a seed: numbered, with whole groups and known assets.

use florin_engine::{
    AccountOpened, AccountUpdated, Action, AssetCode, AssetRegistered, AtDue, Body, Event, Floor,
    Freeze, GroupKey, GroupPlace, GroupRefused, HoldEvent, HoldStep, HoldTerms, Leg, NO_SLOT,
    PaymentTerms, Reason, Refusal, TransferExtra, TransferPosted, TransferRefused,
};

/// Makes events, one after the other.
#[derive(Debug, Clone)]
pub struct History {
    random: u64,
    next_sequence: u64,
    assets: u32,
    slots: u32,
}

impl History {
    pub fn new(seed: u64) -> Self {
        Self { random: seed, next_sequence: 1, assets: 0, slots: 0 }
    }

    /// Goes on behind what a journal holds.
    pub fn after(seed: u64, events: &[Event]) -> Self {
        let count = |is: fn(&Body) -> bool| {
            u32::try_from(events.iter().filter(|event| is(&event.body)).count()).unwrap()
        };
        Self {
            random: seed,
            next_sequence: events.len() as u64 + 1,
            assets: count(|body| matches!(body, Body::AssetRegistered(_))),
            slots: count(|body| matches!(body, Body::AccountOpened(_))),
        }
    }

    pub fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.random;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.random() % bound
    }

    fn small(&mut self, bound: u32) -> u32 {
        u32::try_from(self.below(u64::from(bound))).unwrap()
    }

    fn wide(&mut self) -> u128 {
        u128::from(self.random()) << 64 | u128::from(self.random())
    }

    fn bytes(&mut self, most: u64) -> Box<[u8]> {
        let len = self.below(most + 1);
        // Now and then nothing but zeros, as long as a block of the device and longer.
        let mask = if self.below(4) == 0 { 0 } else { 0xff };
        (0..len).map(|_| self.random().to_le_bytes()[0] & mask).collect()
    }

    fn event(&mut self, body: Body) -> Event {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        Event { sequence, timestamp_ns: 1_700_000_000_000_000_000 + sequence * 1_000, body }
    }

    fn leg(&mut self) -> Leg {
        Leg {
            slot: self.small(self.slots.max(1)),
            previous_sequence: self.below(self.next_sequence),
            posted_net_after_minor: self.wide().cast_signed(),
            pending_debits_after_minor: self.wide(),
        }
    }

    fn floor(&mut self) -> Floor {
        match self.below(3) {
            0 => Floor::Zero,
            1 => Floor::None,
            _ => Floor::Overdraft(self.wide() >> 1 | 1),
        }
    }

    pub fn asset(&mut self) -> Event {
        let asset = self.assets;
        self.assets += 1;
        let code = AssetCode::new(&format!("A{asset}")).unwrap();
        self.event(Body::AssetRegistered(AssetRegistered { asset, code, scale: 2 }))
    }

    pub fn account(&mut self) -> Event {
        let slot = self.slots;
        self.slots += 1;
        let name = (self.below(2) == 0).then(|| format!("customer:{slot}/wallet").into());
        let opened = AccountOpened {
            tenant: self.small(3),
            id: self.wide(),
            slot,
            asset: self.small(self.assets),
            floor: self.floor(),
            ceiling: self.ceiling(),
            content_hash: self.random(),
            name,
            metadata: self.bytes(60),
        };
        self.event(Body::AccountOpened(Box::new(opened)))
    }

    pub fn update(&mut self) -> Event {
        let freezes = [Freeze::None, Freeze::Debits, Freeze::Credits, Freeze::Both];
        let updated = AccountUpdated {
            leg: self.leg(),
            tenant: self.small(3),
            freeze: freezes[self.small(4) as usize],
            closed: self.below(2) == 0,
            floor: self.floor(),
            ceiling: self.ceiling(),
        };
        self.event(Body::AccountUpdated(Box::new(updated)))
    }

    /// A transfer with nothing unusual about it.
    pub fn transfer(&mut self) -> Event {
        self.transfer_with(GroupPlace::default(), None)
    }

    pub fn transfer_with(&mut self, group: GroupPlace, extra: Option<TransferExtra>) -> Event {
        let is_reversal = extra.as_ref().is_some_and(|extra| extra.reverses.is_some());
        let posted = TransferPosted {
            id: self.wide(),
            amount_minor: self.wide() >> 1,
            debit: self.leg(),
            credit: self.leg(),
            content_hash: self.random(),
            original_sequence: if is_reversal { self.below(self.next_sequence - 1) + 1 } else { 0 },
            tenant: self.small(3),
            asset: self.small(self.assets),
            code: self.small(100),
            value_date: 20_261_122,
            group,
            extra: extra.map(Box::new),
        };
        self.event(Body::TransferPosted(posted))
    }

    /// A transfer with everything that only some have.
    pub fn unusual_transfer(&mut self, metadata_bytes: u64) -> Event {
        let extra = TransferExtra {
            group: None,
            requested_minor: (self.below(2) == 0).then(|| self.wide()),
            reverses: (self.below(2) == 0).then(|| self.wide()),
            metadata: self.bytes(metadata_bytes),
            payment: None,
        };
        let extra = (extra != TransferExtra::default()).then_some(extra);
        self.transfer_with(GroupPlace::default(), extra)
    }

    /// A group of so many members.
    pub fn group(&mut self, len: u16) -> Vec<Event> {
        let key = GroupKey { id: self.wide(), content_hash: self.random() };
        (0..len)
            .map(|index| {
                let extra = (index == 0)
                    .then(|| TransferExtra { group: Some(key), ..TransferExtra::default() });
                self.transfer_with(GroupPlace { index, len }, extra)
            })
            .collect()
    }

    fn refusal(&mut self) -> Refusal {
        Refusal {
            reason: Reason::ALL[self.small(u32::try_from(Reason::ALL.len()).unwrap()) as usize],
            account: self.wide(),
            asked_minor: self.wide(),
            missing_minor: self.wide(),
            would_pass_minor: self.wide(),
        }
    }

    pub fn refused(&mut self) -> Event {
        let refused = TransferRefused {
            id: self.wide(),
            tenant: self.small(3),
            content_hash: self.random(),
            requested_minor: self.wide(),
            up_to_available: self.below(2) == 0,
            debit_account: self.wide(),
            credit_account: self.wide(),
            debit_slot: self.small(5),
            credit_slot: NO_SLOT,
            code: self.small(100),
            value_date: 0,
            reverses: (self.below(2) == 0).then(|| self.wide()),
            terms: self.terms(),
            refusal: self.refusal(),
        };
        self.event(Body::TransferRefused(Box::new(refused)))
    }

    fn ceiling(&mut self) -> Option<u128> {
        (self.below(3) == 0).then(|| self.wide() >> 1)
    }

    fn terms(&mut self) -> HoldTerms {
        if self.below(2) == 0 {
            return HoldTerms::default();
        }
        HoldTerms {
            action: Action::ALL[self.small(10) as usize],
            hold: self.wide(),
            due_at_ns: self.random(),
            at_due: self.at_due(),
            release_rest: self.below(2) == 0,
        }
    }

    fn at_due(&mut self) -> AtDue {
        if self.below(2) == 0 { AtDue::Release } else { AtDue::Capture }
    }

    /// A step of a hold or payment.
    pub fn step(&mut self) -> Event {
        use HoldStep::{Capture, Change, DueCapture, DueRelease, Pay, Place, Refund, Release};
        let steps = [Place, Capture, Release, Change, DueRelease, DueCapture, Pay, Refund];
        let step = steps[self.small(8) as usize];
        let of_payment = match step {
            Pay | Refund => true,
            Change => false,
            _ => self.below(2) == 0,
        };
        let extra = TransferExtra {
            group: None,
            requested_minor: (self.below(3) == 0).then_some(0),
            reverses: None,
            metadata: self.bytes(40),
            payment: (of_payment && matches!(step, Place | Pay)).then(|| PaymentTerms {
                fee_minor: self.wide(),
                score: (self.below(2) == 0).then_some(713),
                reference: if self.below(2) == 0 { "order 4711".into() } else { "".into() },
            }),
        };
        let hold = HoldEvent {
            step,
            of_payment,
            id: self.wide(),
            hold_id: self.wide(),
            hold_sequence: self.below(self.next_sequence),
            amount_minor: self.wide() >> 1,
            released_minor: self.wide() >> 2,
            remaining_minor: self.wide() >> 2,
            debit: self.leg(),
            credit: self.leg(),
            content_hash: self.random(),
            tenant: self.small(3),
            asset: self.small(self.assets),
            code: self.small(100),
            value_date: 20_261_122,
            group: GroupPlace::default(),
            due_at_ns: self.random(),
            sets_due: self.below(2) == 0,
            at_due: self.at_due(),
            release_rest: self.below(2) == 0,
            blocked_by: (self.below(3) == 0).then_some(Reason::AccountFrozen),
            extra: (extra != TransferExtra::default()).then(|| Box::new(extra)),
        };
        self.event(Body::Hold(Box::new(hold)))
    }

    pub fn group_refused(&mut self) -> Event {
        let refused = GroupRefused {
            key: GroupKey { id: self.wide(), content_hash: self.random() },
            tenant: self.small(3),
            len: 7,
            member: 3,
            refusal: self.refusal(),
        };
        self.event(Body::GroupRefused(Box::new(refused)))
    }

    pub fn digest(&mut self) -> Event {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&self.random().to_le_bytes());
        self.event(Body::DigestTaken { digest, with_ids: true })
    }

    /// One submission of about so many events; anything may be in it.
    pub fn batch(&mut self, about: u64) -> Vec<Event> {
        let mut events = Vec::new();
        if self.assets == 0 {
            events.push(self.asset());
        }
        while (events.len() as u64) < about.max(1) {
            match self.below(23) {
                20.. => events.push(self.step()),
                0 => events.push(self.asset()),
                1 | 2 => events.push(self.account()),
                3 => events.push(self.update()),
                4 => events.push(self.refused()),
                5 => events.push(self.group_refused()),
                6 => events.push(self.digest()),
                7 | 8 => events.push(self.unusual_transfer(300)),
                9 => events.push(self.unusual_transfer(3_000)),
                10 => {
                    let len = 1 + u16::try_from(self.below(6)).unwrap();
                    events.extend(self.group(len));
                }
                _ => events.push(self.transfer()),
            }
        }
        events
    }

    /// Plain transfers only.
    pub fn transfers(&mut self, count: u64) -> Vec<Event> {
        (0..count).map(|_| self.transfer()).collect()
    }
}
