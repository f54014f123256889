---------------------------- MODULE LyingSharer -----------------------------
(***************************************************************************)
(* An honest helper, and a sharer and a relay that lie: any message at any *)
(* time, in any phase, sealed with the right keys.                         *)
(***************************************************************************)
EXTENDS Helper

CONSTANTS
  MaxEpoch, MaxRequest, MaxGrant,   \* states beyond these are not explored
  Gives,                            \* the sets of scopes that are given
  Lies                              \* or the sharer keeps to the rules

VARIABLES
  r,      \* the helper, r.st, and what it has just put out, r.out
  w,      \* what the watcher knows
  act     \* what has just happened; it and the output are hidden by VIEW

vars == <<r, w, act>>
h    == r.st
Out  == r.out
View == <<r.st, w>>

(* The watcher sees only what came in and what went out. *)
WNew ==
  [code |-> "none",   \* none, live, spent, or the session
   asked |-> {},      \* what the open request asks for
   perm |-> {},       \* what the helper was told that it may do
   dark |-> FALSE,    \* a flag is set, or the link is lost
   lp |-> FALSE, pp |-> FALSE,
   ice |-> 0, deaf |-> 0,
   over |-> FALSE]

Watch(a, o) ==
  LET kind  == a[1]
      msg   == IF kind = "message" THEN a[2] ELSE <<"">>
      ev    == Events(o)
      kinds == {e[1] : e \in ev}
      ticks == IF kind = "tick" THEN 1 ELSE IF kind = "lapse" THEN a[2] ELSE 0
      over  == w.over \/ "ended" \in kinds
      back  == "back" \in kinds
      ices  == "frozen" \in kinds
      lp    == IF kind = "pause" THEN a[2] ELSE w.lp
      pp    == IF msg[1] = "pause" /\ h.ph \in {"deciding", "viewing"} THEN msg[2]
               ELSE IF back THEN msg[2] ELSE w.pp
      given == UNION {e[3] : e \in {f \in ev : f[1] = "control-granted"}}
      asks  == UNION {m[3] : m \in {n \in {Messages(o)[i] : i \in 1..Len(Messages(o))} :
                                     n[1] = "control-request"}}
  IN  [ code  |-> IF "code-issued" \in kinds THEN "live"
                  ELSE IF "joined" \in kinds THEN "spent"
                  ELSE IF kinds \cap {"code-ended", "code-spent"} # {} THEN "none"
                  ELSE IF over THEN "none" ELSE w.code,
        asked |-> IF asks # {} THEN asks
                  ELSE IF over \/ ices \/ lp \/ pp \/ kind = "release" THEN {}
                  ELSE IF kinds \cap {"control-granted", "control-denied", "control-renewed"} # {}
                          /\ ~(Len(msg) > 1 /\ msg[2] = 0)   \* which answers no request
                  THEN {} ELSE w.asked,
        perm  |-> IF given # {} THEN given
                  ELSE IF over \/ ices \/ lp \/ pp \/ kind = "release" THEN {}
                  ELSE IF "control-ended" \in kinds THEN {} ELSE w.perm,
        dark  |-> lp \/ pp,
        lp    |-> ~over /\ lp,
        pp    |-> ~over /\ pp,
        ice   |-> IF over \/ back THEN 0 ELSE IF ices THEN 1
                  ELSE IF w.ice > 0 THEN w.ice + ticks ELSE 0,
        deaf  |-> IF over \/ ices \/ w.ice > 0 \/ h.ph \notin {"deciding", "viewing"} THEN 0
                  ELSE IF kind \in {"message", "lapse"} THEN 0 ELSE w.deaf + ticks,
        over  |-> over]

-----------------------------------------------------------------------------
Honest_ ==
  {<<"consent", Ceiling \cap Consentable>>, <<"displays">>, <<"advisory">>,
   <<"epoch", h.ep + 1, h.lp \/ h.pp>>, <<"control-deny", h.rq, "denied">>,
   <<"control-grant", h.rq, h.lg + 1, h.rsc, GrantTime>>,
   <<"control-grant", h.rq, h.lg + 1, Grantable, GrantTime>>,
   <<"control-grant", 0, h.lg + 1, {"pointer"}, GrantTime>>,
   <<"control-end", h.gr, "revoked">>,
   <<"control-end", h.gr, "replaced">>, <<"control-renew", h.rq, h.gr, GrantTime>>, <<"pause", ~h.pp>>,
   <<"end", "done">>, <<"heartbeat">>, <<"state", h.pp, h.cons, h.ep, h.lg>>}
Messages_ == IF ~Lies THEN Honest_ ELSE
  {<<"pad">>, <<"heartbeat">>, <<"introduce">>, <<"shown", 1>>, <<"epoch-seen", 1>>, <<"end", "done">>,
   <<"control-request", 1, {"pointer"}>>, <<"displays">>, <<"advisory">>}
  \cup {<<"consent", sc>> : sc \in {{}, {"view"}, {"view", "chat"}, {"view", "pointer"}}}
  \cup {<<"pause", on>> : on \in BOOLEAN}
  \cup {<<"epoch", e, on>> : e \in {h.ep, h.ep + 1, h.ep + 2}, on \in BOOLEAN}
  \cup {<<"control-grant", q, g, sc, GrantTime>> : q \in {0, h.lr, h.lr + 1},
                                                  g \in {h.lg, h.lg + 1}, sc \in Gives}
  \cup {<<"control-grant", h.lr, h.lg + 1, {"pointer"}, GrantLimit + 1>>,
        <<"control-renew", 0, h.lg, GrantLimit + 1>>}
  \cup {<<"control-deny", q, code>> : q \in {h.lr, h.lr + 1}, code \in {"denied", "too-early"}}
  \cup {<<"control-end", g, code>> : g \in {h.lg, h.lg + 1}, code \in {"revoked", "replaced"}}
  \cup {<<"control-renew", q, h.lg, GrantTime>> : q \in {0, h.lr}}
  \cup IF h.link = "up" THEN {<<"state", FALSE, h.cons, h.ep, h.lg>>}
       ELSE {<<"state", on, h.cons, h.ep, h.lg>> : on \in BOOLEAN}
            \cup {<<"state", FALSE, {}, 0, 0>>, <<"state", FALSE, {"view", "chat"}, h.ep + 1, h.lg>>,
                  <<"state", FALSE, h.cons, Down(h.ep), h.lg>>,
                  <<"state", FALSE, h.cons, h.ep, Down(h.lg)>>,
                  <<"state", FALSE, {"view", "pointer"}, h.ep, h.lg>>}

Message  == \E m \in Messages_ : act' = <<"message", m>> /\ r' = HTake(h, m)
Frame    == h.ph \in {"deciding", "viewing", "ended"} /\ \E e \in {h.ep, h.ep + 1} :
              act' = <<"frame", e>> /\ r' = HFrame(h, e)

(* The relay, whenever it likes. *)
Issued   == act' = <<"code-issued">> /\ r' = HIssued(h)
Joined   == act' = <<"joined">> /\ r' = HJoined(h)
Refused  == act' = <<"refused">> /\ r' = HRefused(h)
Gone     == act' = <<"gone">> /\ r' = HGone(h, "code-expired")
PeerLost == act' = <<"peer-lost">> /\ r' = HPeerLost(h)
Failed   == h.ph = "securing" /\ act' = <<"handshake-failed">> /\ r' = HSpent(X(h), "handshake-failed")
Secured  == h.ph = "securing" /\ act' = <<"secured">> /\ r' = HSecured(h)
BadRecord == h.ph \in {"deciding", "viewing"} /\ act' = <<"record-failed">> /\ r' = HRecordFailed(h)
PathLost == act' = <<"link-lost">> /\ r' = HLinkLost(h)
(* The endpoint has found a lie below the session. *)
Violation == act' = <<"violation">> /\ r' = HFail(h, "peer", "bad-point")
Closed   == act' = <<"closed">> /\ r' = HRelayEnded(h, "lost")
Master   == h.link = "lost" /\ act' = <<"master-taken">> /\ r' = HMasterTaken(h)

(* The person. *)
AskCode  == HMayAsk(h) /\ act' = <<"ask-code">> /\ r' = HAskCode(h)
Request  == \E sc \in Gives : HMayRequest(h, sc) /\ act' = <<"request", sc>> /\ r' = HRequest(h, sc)
Release  == HMayRelease(h) /\ act' = <<"release">> /\ r' = HRelease(h)
Pause    == HMayPause(h) /\ \E on \in BOOLEAN : act' = <<"pause", on>> /\ r' = HPause(h, on)
End      == act' = <<"end">> /\ r' = HEnd(h)

(* Time: a tick in which nothing is heard, or, while a long timer runs, all that is left of it. *)
AnyLong  == (h.lt > 0 /\ h.lt < Reconnect) \/ (h.rest > 0 /\ h.rest < PromptTime)
Least    == IF h.lt > 0 THEN h.lt ELSE h.rest
RECURSIVE Ticks(_, _)
Ticks(x, n) ==
  IF n = 0 THEN x
  ELSE LET y == HTick(x.st) IN Ticks([st |-> y.st, out |-> x.out \o y.out], n - 1)
Tick     == h.ph # "ended" /\ ~AnyLong /\ act' = <<"tick">> /\ r' = HTick(h)
Lapse    == AnyLong /\ act' = <<"lapse", Least>> /\ r' = Ticks(X(h), Least)

Init == r = X(HNew) /\ w = WNew /\ act = <<"start">>
Acts == \/ Message \/ Frame \/ Issued \/ Joined \/ Refused \/ Gone \/ PeerLost \/ Failed \/ Secured
        \/ BadRecord \/ PathLost \/ Violation \/ Closed \/ Master \/ AskCode \/ Request \/ Release \/ Pause \/ End \/ Tick \/ Lapse
Next == Acts /\ w' = Watch(act', r'.out)
Spec == Init /\ [][Next]_vars

(* The bound. *)
Bound == h.ep <= MaxEpoch /\ h.lr <= MaxRequest /\ h.lg <= MaxGrant

HEpoch(x) == IF x.ph = "viewing" /\ ~HLost(x) THEN x.ep ELSE 0
Obs == <<h.ph, HLost(h), HEpoch(h), h.gr, h.gsc>>

-----------------------------------------------------------------------------
(* The properties, by their numbers in the list of properties. *)
Kinds(o) == {e[1] : e \in Events(o)}

(* One join for a code, at the helper. *)
P3 == [][/\ "joined" \in Kinds(r'.out) => w.code = "live"
         /\ "secured" \in Kinds(r'.out) => w.code = "spent"]_vars
(* A frame of a paused epoch is never taken. *)
P4 == [][act'[1] = "frame" /\ h.epp /\ h.ph = "viewing" /\ h.link = "up" /\ act'[2] = h.ep /\ h.ep > 0
           => "ended" \in Kinds(r'.out)]_vars
P5 == [][w.over => r'.out = <<>>]_vars
(* Nobody widens: what is given was asked for, or is a part of what there was. *)
P6 == [][\A e \in Events(r'.out) :
           e[1] = "control-granted" => e[3] # {} /\ (e[3] \subseteq w.asked \/ e[3] \subseteq h.repl)]_vars
(* No control while a flag is set or the link is lost. *)
P8 == (w.dark \/ w.ice > 0) => h.gr = 0
P10 == w.deaf <= Silence /\ w.ice <= Reconnect + 1 /\ (w.ice = Reconnect + 1 => w.over)
=============================================================================
