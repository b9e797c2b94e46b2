//! What every action does to a hold or payment in every state, written from the contract and not from the code.
//!
//! A cell is the state after it, or a reason (without `HOLD_`, `PAYMENT_` or `ACCOUNT_` before it). `=`: done, and the
//! state stays. `.`: nothing happens. `-`: cannot be. Amounts are relative to what is left of it (of a refund: to what
//! can be refunded): `all` (zero in the request), a `part`, `exact`ly what is left, `too-much`.
//!
//! Columns: nothing in the way; due, to be released; due, to be captured; both accounts frozen; frozen and due both ways.

/// A `+` behind a state: something was captured of it.
pub const HOLDS: &str = "
    none     place                  any            | Open      -       -        FROZEN    -       -
    none     capture,capture+rest   all,too-much   | NOT_FOUND -       -        NOT_FOUND -       -
    none     release                all,too-much   | NOT_FOUND -       -        NOT_FOUND -       -
    none     increase,extend        any            | NOT_FOUND -       -        NOT_FOUND -       -
    none     fall-due               any            | .         -       -        .         -       -

    Open     capture                all,exact      | Captured  EXPIRED CLOSED   FROZEN    EXPIRED CLOSED
    Open     capture                part           | Open+     EXPIRED CLOSED   FROZEN    EXPIRED CLOSED
    Open     capture+rest           all,part,exact | Captured  EXPIRED CLOSED   FROZEN    EXPIRED CLOSED
    Open     capture,capture+rest   too-much       | EXCEEDED  EXPIRED CLOSED   EXCEEDED  EXPIRED CLOSED
    Open     release                all,exact      | Released  EXPIRED CLOSED   Released  EXPIRED CLOSED
    Open     release                part           | =         EXPIRED CLOSED   =         EXPIRED CLOSED
    Open     release                too-much       | EXCEEDED  EXPIRED CLOSED   EXCEEDED  EXPIRED CLOSED
    Open     increase               any            | =         EXPIRED CLOSED   FROZEN    EXPIRED CLOSED
    Open     extend                 any            | =         EXPIRED CLOSED   =         EXPIRED CLOSED
    Open     fall-due               any            | .         Expired Captured .         Expired Expired

    Open+    capture                all,exact      | Captured  EXPIRED CLOSED   FROZEN    EXPIRED CLOSED
    Open+    capture                part           | =         EXPIRED CLOSED   FROZEN    EXPIRED CLOSED
    Open+    capture+rest           all,part,exact | Captured  EXPIRED CLOSED   FROZEN    EXPIRED CLOSED
    Open+    capture,capture+rest   too-much       | EXCEEDED  EXPIRED CLOSED   EXCEEDED  EXPIRED CLOSED
    Open+    release                all,exact      | Captured  EXPIRED CLOSED   Captured  EXPIRED CLOSED
    Open+    release                part           | =         EXPIRED CLOSED   =         EXPIRED CLOSED
    Open+    release                too-much       | EXCEEDED  EXPIRED CLOSED   EXCEEDED  EXPIRED CLOSED
    Open+    increase               any            | =         EXPIRED CLOSED   FROZEN    EXPIRED CLOSED
    Open+    extend                 any            | =         EXPIRED CLOSED   =         EXPIRED CLOSED
    Open+    fall-due               any            | .         Expired Captured .         Expired Expired

    Captured capture,capture+rest   all,too-much   | CLOSED    CLOSED  CLOSED   CLOSED    CLOSED  CLOSED
    Captured release                all,too-much   | CLOSED    CLOSED  CLOSED   CLOSED    CLOSED  CLOSED
    Captured increase,extend        any            | CLOSED    CLOSED  CLOSED   CLOSED    CLOSED  CLOSED
    Captured fall-due               any            | .         .       .        .         .       .

    Released capture,capture+rest   all,too-much   | CLOSED    CLOSED  CLOSED   CLOSED    CLOSED  CLOSED
    Released release                all,too-much   | CLOSED    CLOSED  CLOSED   CLOSED    CLOSED  CLOSED
    Released increase,extend        any            | CLOSED    CLOSED  CLOSED   CLOSED    CLOSED  CLOSED
    Released fall-due               any            | .         .       .        .         .       .

    Expired  capture,capture+rest   all,too-much   | -         EXPIRED EXPIRED  -         EXPIRED EXPIRED
    Expired  release                all,too-much   | -         EXPIRED EXPIRED  -         EXPIRED EXPIRED
    Expired  increase,extend        any            | -         EXPIRED EXPIRED  -         EXPIRED EXPIRED
    Expired  fall-due               any            | -         .       .        -         .       .
";

/// A `+` behind a state: something is reserved still; `*`: and nothing can be refunded.
pub const PAYMENTS: &str = "
    none               place                any            | RequiresCapture -                 -                 FROZEN   -                 -
    none               pay                  any            | Captured        -                 -                 FROZEN   -                 -
    none               capture,capture+rest all,too-much   | NOT_FOUND       -                 -                 NOT_FOUND -                -
    none               cancel               any            | NOT_FOUND       -                 -                 NOT_FOUND -                -
    none               refund               all,too-much   | NOT_FOUND       -                 -                 NOT_FOUND -                -
    none               fall-due             any            | .               -                 -                 .        -                 -

    RequiresCapture    capture              all,exact      | Captured        STATE             STATE             FROZEN   STATE             STATE
    RequiresCapture    capture              part           | PartiallyCaptured STATE           STATE             FROZEN   STATE             STATE
    RequiresCapture    capture+rest         all,part,exact | Captured        STATE             STATE             FROZEN   STATE             STATE
    RequiresCapture    capture,capture+rest too-much       | EXCEEDED        STATE             STATE             EXCEEDED STATE             STATE
    RequiresCapture    cancel               any            | Canceled        STATE             STATE             Canceled STATE             STATE
    RequiresCapture    refund               all,too-much   | STATE           STATE             STATE             STATE    STATE             STATE
    RequiresCapture    fall-due             any            | .               Expired           Captured          .        Expired           Expired

    PartiallyCaptured  capture              all,exact      | Captured        STATE             STATE             FROZEN   STATE             STATE
    PartiallyCaptured  capture              part           | =               STATE             STATE             FROZEN   STATE             STATE
    PartiallyCaptured  capture+rest         all,part,exact | Captured        STATE             STATE             FROZEN   STATE             STATE
    PartiallyCaptured  capture,capture+rest too-much       | EXCEEDED        STATE             STATE             EXCEEDED STATE             STATE
    PartiallyCaptured  cancel               any            | Captured        STATE             STATE             Captured STATE             STATE
    PartiallyCaptured  refund               all,exact      | PartiallyRefunded* PartiallyRefunded* PartiallyRefunded* FROZEN FROZEN         FROZEN
    PartiallyCaptured  refund               part           | PartiallyRefunded+ PartiallyRefunded+ PartiallyRefunded+ FROZEN FROZEN         FROZEN
    PartiallyCaptured  refund               too-much       | EXCEEDED        EXCEEDED          EXCEEDED          EXCEEDED EXCEEDED          EXCEEDED
    PartiallyCaptured  fall-due             any            | .               Captured          Captured          .        Captured          Captured

    PartiallyRefunded+ capture              all,exact      | PartiallyRefunded STATE           STATE             FROZEN   STATE             STATE
    PartiallyRefunded+ capture              part           | =               STATE             STATE             FROZEN   STATE             STATE
    PartiallyRefunded+ capture+rest         all,part,exact | PartiallyRefunded STATE           STATE             FROZEN   STATE             STATE
    PartiallyRefunded+ capture,capture+rest too-much       | EXCEEDED        STATE             STATE             EXCEEDED STATE             STATE
    PartiallyRefunded+ cancel               any            | PartiallyRefunded STATE           STATE             PartiallyRefunded STATE    STATE
    PartiallyRefunded+ refund               all,exact      | PartiallyRefunded* PartiallyRefunded* PartiallyRefunded* FROZEN FROZEN         FROZEN
    PartiallyRefunded+ refund               part           | =               =                 =                 FROZEN   FROZEN            FROZEN
    PartiallyRefunded+ refund               too-much       | EXCEEDED        EXCEEDED          EXCEEDED          EXCEEDED EXCEEDED          EXCEEDED
    PartiallyRefunded+ fall-due             any            | .               PartiallyRefunded PartiallyRefunded .        PartiallyRefunded PartiallyRefunded

    PartiallyRefunded* capture              all,exact      | PartiallyRefunded STATE           STATE             FROZEN   STATE             STATE
    PartiallyRefunded* capture              part           | PartiallyRefunded+ STATE          STATE             FROZEN   STATE             STATE
    PartiallyRefunded* capture+rest         all,part,exact | PartiallyRefunded STATE           STATE             FROZEN   STATE             STATE
    PartiallyRefunded* capture,capture+rest too-much       | EXCEEDED        STATE             STATE             EXCEEDED STATE             STATE
    PartiallyRefunded* cancel               any            | Refunded        STATE             STATE             Refunded STATE             STATE
    PartiallyRefunded* refund               all,too-much   | STATE           STATE             STATE             STATE    STATE             STATE
    PartiallyRefunded* fall-due             any            | .               Refunded          PartiallyRefunded .        Refunded          Refunded

    Captured           capture,capture+rest all,too-much   | STATE           STATE             STATE             STATE    STATE             STATE
    Captured           cancel               any            | STATE           STATE             STATE             STATE    STATE             STATE
    Captured           refund               all,exact      | Refunded        Refunded          Refunded          FROZEN   FROZEN            FROZEN
    Captured           refund               part           | PartiallyRefunded PartiallyRefunded PartiallyRefunded FROZEN FROZEN            FROZEN
    Captured           refund               too-much       | EXCEEDED        EXCEEDED          EXCEEDED          EXCEEDED EXCEEDED          EXCEEDED
    Captured           fall-due             any            | .               .                 .                 .        .                 .

    PartiallyRefunded  capture,capture+rest all,too-much   | STATE           STATE             STATE             STATE    STATE             STATE
    PartiallyRefunded  cancel               any            | STATE           STATE             STATE             STATE    STATE             STATE
    PartiallyRefunded  refund               all,exact      | Refunded        Refunded          Refunded          FROZEN   FROZEN            FROZEN
    PartiallyRefunded  refund               part           | =               =                 =                 FROZEN   FROZEN            FROZEN
    PartiallyRefunded  refund               too-much       | EXCEEDED        EXCEEDED          EXCEEDED          EXCEEDED EXCEEDED          EXCEEDED
    PartiallyRefunded  fall-due             any            | .               .                 .                 .        .                 .

    Refunded           capture,capture+rest all,too-much   | STATE           STATE             STATE             STATE    STATE             STATE
    Refunded           cancel               any            | STATE           STATE             STATE             STATE    STATE             STATE
    Refunded           refund               all,too-much   | STATE           STATE             STATE             STATE    STATE             STATE
    Refunded           fall-due             any            | .               .                 .                 .        .                 .

    Canceled           capture,capture+rest all,too-much   | STATE           STATE             STATE             STATE    STATE             STATE
    Canceled           cancel               any            | STATE           STATE             STATE             STATE    STATE             STATE
    Canceled           refund               all,too-much   | STATE           STATE             STATE             STATE    STATE             STATE
    Canceled           fall-due             any            | .               .                 .                 .        .                 .

    Expired            capture,capture+rest all,too-much   | -               STATE             STATE             -        STATE             STATE
    Expired            cancel               any            | -               STATE             STATE             -        STATE             STATE
    Expired            refund               all,too-much   | -               STATE             STATE             -        STATE             STATE
    Expired            fall-due             any            | -               .                 .                 -        .                 .
";

/// What the table says of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Done, and this is the state after it.
    State(String),
    /// Refused.
    Reason(String),
    /// Nothing happens.
    Nothing,
    /// It cannot be.
    Never,
}

/// One line a state, an action and an amount; one column a [`Situation`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    pub state: String,
    pub action: String,
    pub amount: String,
    pub situation: usize,
}

/// The columns.
pub const SITUATIONS: usize = 6;

/// A table, taken apart.
#[derive(Debug, Clone)]
pub struct Table(pub Vec<(Case, Cell)>);

impl Table {
    pub fn new(text: &str, is_payment: bool) -> Self {
        let mut cells = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (case, answers) = line.split_once('|').expect("a column");
            let [state, actions, amounts] = *case.split_whitespace().collect::<Vec<_>>() else {
                panic!("not a case: {line}");
            };
            let answers: Vec<&str> = answers.split_whitespace().collect();
            assert_eq!(answers.len(), SITUATIONS, "{line}");
            for action in actions.split(',') {
                for amount in amounts.split(',') {
                    for (situation, answer) in answers.iter().enumerate() {
                        let (state, action, amount) =
                            (state.to_owned(), action.to_owned(), amount.to_owned());
                        let case = Case { state, action, amount, situation };
                        let cell = cell(answer, &case, is_payment);
                        cells.push((case, cell));
                    }
                }
            }
        }
        let mut cases: Vec<&Case> = cells.iter().map(|(case, _)| case).collect();
        cases.sort_unstable();
        assert!(cases.is_sorted_by(|a, b| a < b), "a case stands in the table twice");
        Self(cells)
    }

    pub fn at(&self, case: &Case) -> Option<&Cell> {
        self.0.iter().find(|(known, _)| known == case).map(|(_, cell)| cell)
    }
}

fn cell(answer: &str, case: &Case, is_payment: bool) -> Cell {
    let object = if is_payment { "PAYMENT" } else { "HOLD" };
    match answer {
        "-" => Cell::Never,
        "." => Cell::Nothing,
        "=" => Cell::State(case.state.clone()),
        "FROZEN" => Cell::Reason("ACCOUNT_FROZEN".to_owned()),
        "STATE" => Cell::Reason("PAYMENT_STATE_INVALID".to_owned()),
        "NOT_FOUND" | "EXPIRED" | "CLOSED" | "EXCEEDED" => {
            Cell::Reason(format!("{object}_{answer}"))
        }
        state => Cell::State(state.to_owned()),
    }
}
