---------------------------- MODULE LyingHelper -----------------------------
(***************************************************************************)
(* An honest sharer, and a helper and a relay that lie: any message at any *)
(* time, in any phase, sealed with the right keys.  Every property is held *)
(* against what was put out, by a watcher that sees only what came in and  *)
(* what went out.                                                          *)
(***************************************************************************)
EXTENDS Sharer

CONSTANTS
  MaxEpoch, MaxRequest, MaxGrant,   \* states beyond these are not explored
  Asks,                             \* the sets of scopes that are asked for
  Lies                              \* or the helper keeps to the rules

VARIABLES
  r,      \* the sharer, r.st, and what it has just put out, r.out
  w,      \* what the watcher knows
  act     \* what has just happened; it and the output are hidden by VIEW

vars == <<r, w, act>>
s    == r.st
Out  == r.out
View == <<r.st, w>>

WNew ==
  [who |-> "unsaid",  \* who started the contact, as the person said
   yes |-> FALSE,     \* the person agreed
   perm |-> {},       \* what the person's latest answer lets the helper do
   left |-> 0,        \* for how many ticks still
   fresh |-> FALSE,   \* that answer is younger than the latest pause and freeze
   asked |-> {},      \* what is being asked
   lp |-> FALSE, pp |-> FALSE,   \* the flags
   dead |-> 0,        \* the latest epoch that was announced as paused, or died with the link
   seen |-> 0,        \* the latest epoch that the helper acknowledged
   held |-> FALSE,    \* something was injected and not released
   calm |-> TRUE,     \* no question came up, and nothing was injected, since the last tick
   ice |-> 0, deaf |-> 0,   \* ticks since it froze, since it heard anything
   over |-> FALSE]

Max(set) == CHOOSE n \in set : \A k \in set : k <= n

(* The watcher: from the act and the outputs of a step to what it knows. *)
Watch(a, o) ==
  LET kind   == a[1]
      msg    == IF kind = "message" THEN a[2] ELSE <<"">>
      ev     == Events(o)
      kinds  == {e[1] : e \in ev}
      ticks  == IF kind = "tick" THEN 1 ELSE IF kind = "lapse" THEN a[2] ELSE 0
      state  == "back" \in kinds
      lp     == IF kind = "pause" THEN a[2] ELSE w.lp
      pp     == IF msg[1] = "pause" /\ s.ph \in {"deciding", "viewing"} THEN msg[2]
                ELSE IF state THEN msg[2] ELSE w.pp
      stops  == (lp \/ pp) /\ ~(w.lp \/ w.pp)
      ices   == "frozen" \in kinds
      over   == w.over \/ "ended" \in kinds
      takes  == kind = "allow"
      fewer  == kind = "narrow" /\ w.perm # {}
      gone   == \/ stops \/ ices \/ over \/ kind = "revoke"
                \/ w.left > 0 /\ w.left <= ticks
                \/ "control-ended" \in kinds
      dark   == {m[2] : m \in {o[i][2] : i \in {j \in 1..Len(o) :
                  o[j][1] = "send" /\ o[j][2][1] = "epoch" /\ o[j][2][3]}}}
      perm   == IF takes THEN a[2] ELSE IF fewer THEN a[2] \cap w.perm ELSE IF gone THEN {} ELSE w.perm
  IN  [ who   |-> IF over \/ w.yes THEN "unsaid" ELSE IF kind = "contact" THEN a[2] ELSE w.who,
        calm  |-> IF ticks > 0 \/ over THEN TRUE
                  ELSE w.calm /\ kinds \cap {"control-asked", "inject"} = {},
        yes   |-> w.yes \/ kind = "consent",
        perm  |-> perm,
        left  |-> IF takes THEN GrantTime ELSE IF perm = {} THEN 0 ELSE w.left - ticks,
        fresh |-> takes \/ (w.fresh /\ ~stops /\ ~ices /\ perm # {}),
        asked |-> IF \E e \in ev : e[1] = "control-asked"
                  THEN UNION {e[2] : e \in {f \in ev : f[1] = "control-asked"}}
                  ELSE IF takes \/ "prompt-closed" \in kinds THEN {} ELSE w.asked,
        lp    |-> ~over /\ lp,
        pp    |-> ~over /\ pp,
        dead  |-> IF over THEN 0 ELSE IF ices THEN s.ep ELSE IF dark # {} THEN Max(dark) ELSE w.dead,
        seen  |-> IF over THEN 0
                  ELSE IF msg[1] = "epoch-seen" /\ s.ph = "viewing" /\ s.link = "up"
                  THEN Max({w.seen, msg[2]})
                  ELSE IF ices THEN 0 ELSE w.seen,
        held  |-> IF "release-all" \in kinds THEN FALSE ELSE w.held \/ "inject" \in kinds,
        ice   |-> IF over \/ state THEN 0 ELSE IF ices THEN 1
                  ELSE IF w.ice > 0 THEN w.ice + ticks ELSE 0,
        deaf  |-> IF over \/ ices \/ w.ice > 0 \/ s.ph \notin {"deciding", "viewing"} THEN 0
                  ELSE IF kind \in {"message", "lapse"} THEN 0
                  ELSE w.deaf + ticks,
        over  |-> over]

-----------------------------------------------------------------------------
(* What a liar may say.  Numbers are those that matter: too low, right, too high. *)
Honest_ ==
  {<<"introduce">>, <<"shown", s.fr>>, <<"advisory-ack">>, <<"epoch-seen", s.ep>>, <<"end", "done">>,
   <<"control-request", s.hr + 1, {"pointer"}>>, <<"control-request", s.hr + 1, Grantable>>,
   <<"control-withdraw", s.hr>>, <<"control-withdraw", s.grq>>, <<"heartbeat">>,
   <<"control-end", 1>>, <<"control-end", s.lg>>,
   <<"control-request", s.hr, {"pointer"}>>, <<"control-request", s.hr + 1, {"view"}>>,
   <<"pause", ~s.pp>>, <<"state", s.pp, s.cons, s.ep, s.lg>>}
Messages_ == IF ~Lies THEN Honest_ ELSE
  {<<"pad">>, <<"heartbeat">>, <<"introduce">>, <<"consent", {"view"}>>, <<"epoch", 1, FALSE>>,
   <<"control-grant", 1, 1, {"pointer"}, GrantTime>>, <<"control-deny", 1, "denied">>,
   <<"control-renew", 1, 1, GrantTime>>, <<"displays">>, <<"advisory">>, <<"advisory-ack">>, <<"end", "done">>}
  \cup {<<"shown", n>> : n \in {s.old, s.fr, s.fr + 1}}
  \cup {<<"pause", on>> : on \in BOOLEAN}
  \cup {<<"epoch-seen", e>> : e \in {0, 1, s.ep, s.ep + 1}}
  \cup {<<"control-request", r, sc>> : r \in {s.hr, s.hr + 1}, sc \in Asks}
  \cup {<<"control-withdraw", r>> : r \in {s.hr, s.grq}}
  \cup {<<"control-end", g>> : g \in {s.lg, s.lg + 1}}
  \cup IF s.link = "up" THEN {<<"state", FALSE, s.cons, s.ep, s.lg>>}
       ELSE {<<"state", on, s.cons, s.ep, s.lg>> : on \in BOOLEAN}
            \cup {<<"state", FALSE, {}, 0, 0>>, <<"state", FALSE, s.cons, s.ep + 1, s.lg>>,
                  <<"state", FALSE, s.cons, s.ep, s.lg + 1>>,
                  <<"state", FALSE, {"view", "pointer"}, s.ep, s.lg>>}

Message  == \E m \in Messages_ :
              act' = <<"message", m>> /\ r' = IF m[1] = "introduce" THEN SIntroduced(s) ELSE STake(s, m)
Answered == s.ph \in {"joining", "securing"} /\ act' = <<"answered">> /\ r' = SAnswered(s)
Input    == s.ph \in {"viewing", "ended"} /\ \E g \in {0, s.lg, s.gr}, sc \in Typed :
              act' = <<"input", g, sc>> /\ r' = SInput(s, g, sc)
BadInput == s.gr # 0 /\ act' = <<"input-failed">> /\ r' = SInputFailed(s)
BadRecord == s.ph \in {"securing", "deciding", "viewing"} /\ act' = <<"record-failed">> /\ r' = SRecordFailed(s)
PathLost == act' = <<"link-lost">> /\ r' = SLinkLost(s)
PeerLost == act' = <<"peer-lost">> /\ r' = SPeerLost(s)
Handshake_ == s.ph \in {"deciding", "viewing"} /\ act' = <<"reconnect">> /\ r' = SLinkLost(s)
(* The endpoint has found a lie below the session. *)
Violation == act' = <<"violation">> /\ r' = SFail(s, "peer", "bad-point")
Refused  == act' = <<"refused">> /\ r' = SJoinRefused(s)
Gone     == act' = <<"gone">> /\ r' = SRelayEnded(s, "lost")
Master   == s.link = "lost" /\ act' = <<"master-taken">> /\ r' = SMasterTaken(s)

(* The person, and the program. *)
Join     == s.ph = "idle" /\ act' = <<"join">> /\ r' = SJoin(s)
Contact  == SMayContact(s) /\ \E who \in {"person", "other"} :
              act' = <<"contact", who>> /\ r' = SContact(s, who)
Consent  == \E how \in {"plain", "warned"} :
              SMayConsent(s, how) /\ act' = <<"consent", how>> /\ r' = SConsented(s)
Refuse   == SMayRefuse(s) /\ act' = <<"refuse">> /\ r' = SRefused(s)
Allow    == \E sc \in Asks : SMayAllow(s, sc) /\ act' = <<"allow", sc>> /\ r' = SAllow(s, sc)
Deny     == SMayDeny(s) /\ act' = <<"deny">> /\ r' = SDeny(s)
Revoke   == SMayRevoke(s) /\ act' = <<"revoke">> /\ r' = SRevoke(s)
Narrow   == \E sc \in Asks : SMayNarrow(s, sc) /\ act' = <<"narrow", sc>> /\ r' = SNarrow(s, sc)
AskMore  == SMayAskMore(s) /\ act' = <<"ask-more">> /\ r' = SAskMore(s)
Pause    == SMayPause(s) /\ \E on \in BOOLEAN : act' = <<"pause", on>> /\ r' = SPause(s, on)
End      == act' = <<"end">> /\ r' = SEnd(s)
Film     == SMayFilm(s) /\ act' = (<<"film", SMediaEpoch(s)>>) /\ r' = SFilm(s)

(* Time: a tick in which nothing is heard, or many in which the helper is heard, until the next
   of the long timers is over. *)
Long(n, max) == n > 0 /\ n < max
AnyLong  == \/ Long(s.t, IF s.ph = "deciding" THEN ConsentTime
                         ELSE IF s.ph = "joining" THEN JoinTime ELSE Handshake)
            \/ Long(s.pt, PromptTime) \/ Long(s.lt, Reconnect)
Early    == /\ (s.t \in {0, 1, JoinTime, ConsentTime, ConsentTime - 1} \/ s.ph = "securing")
            /\ s.pt \in {0, PromptTime, PromptTime - 1}
            /\ s.lt \in {0, Reconnect}
Least    == CHOOSE n \in {s.t, s.pt, s.lt} :
              n > 0 /\ \A k \in {s.t, s.pt, s.lt} : k = 0 \/ n <= k
Hears(x) == IF x.st.ph \in {"deciding", "viewing"} /\ ~SLost(x.st)
            THEN Put(x, [x.st EXCEPT !.mute = 0]) ELSE x
RECURSIVE Ticks(_, _)
Ticks(x, n) ==
  IF n = 0 THEN x
  ELSE LET y == STick(x.st)
       IN  Ticks(Hears([st |-> y.st, out |-> x.out \o y.out]), n - 1)
Tick     == s.ph \notin {"idle", "ended"} /\ Early /\ act' = <<"tick">> /\ r' = STick(s)
(* To the end of it, or, of the time for consent, to its last tick. *)
Lapses   == IF s.ph = "deciding" /\ ~SLost(s) /\ Least > 1 THEN {Least, Least - 1} ELSE {Least}
Lapse    == AnyLong /\ \E n \in Lapses : act' = <<"lapse", n>> /\ r' = Ticks(X(s), n)

Init == r = X(SNew) /\ w = WNew /\ act = <<"start">>
Acts == \/ Message \/ Answered \/ Input \/ BadInput \/ BadRecord \/ PathLost \/ PeerLost \/ Handshake_
        \/ Violation \/ Refused \/ Gone \/ Master
        \/ Join \/ Contact \/ Consent \/ Refuse \/ Allow \/ Deny \/ Revoke \/ Narrow \/ AskMore
        \/ Pause \/ End
        \/ Film \/ Tick \/ Lapse
Next == Acts /\ w' = Watch(act', r'.out)
Spec == Init /\ [][Next]_vars

(* The bound. *)
Bound == s.ep <= MaxEpoch /\ s.hr <= MaxRequest /\ s.lg <= MaxGrant

(* What can be seen of the machine at any moment. *)
Scopes(x) == IF x.ph # "viewing" \/ SLost(x) THEN {}
             ELSE IF SPaused(x) THEN x.cons \cap {"chat"} ELSE x.cons \cup x.gsc
Obs == <<s.ph, SLost(s), SMediaEpoch(s), s.gr, Scopes(s)>>

-----------------------------------------------------------------------------
(* The properties, by their numbers in the list of properties. *)
Shows(o)  == \/ \E i \in 1..Len(o) : o[i][1] = "send" /\
                  \/ o[i][2][1] \in {"consent", "displays", "epoch", "advisory"}
                  \/ o[i][2][1] = "state" /\ o[i][2][3] # {}
             \/ \E e \in Events(o) : e[1] = "media-ready"
Granted(o) == {e \in Events(o) : e[1] = "control-granted"}

P1 == [][/\ Shows(r'.out) \/ act'[1] = "film" => w'.yes
         /\ act'[1] = "consent" =>
              w.who = "person" \/ (w.who = "other" /\ act'[2] = "warned")]_vars
P2 == [][\A e \in Events(r'.out) :
           /\ e[1] = "inject" => e[2] \in w.perm /\ w.asked = {} /\ w.yes
           /\ e[1] = "control-ended" => ~w'.held
           /\ e[1] = "control-granted" => act'[1] = "narrow" \/ (act'[1] = "allow" /\ w.calm)]_vars
P4 == [][act'[1] = "film" =>
           ~w.lp /\ ~w.pp /\ w.ice = 0 /\ act'[2] > w.dead /\ act'[2] = w.seen]_vars
P5 == [][w.over => r'.out = <<>> /\ act'[1] # "film"]_vars
P6 == [][/\ \A e \in Granted(r'.out) :
               /\ act'[1] = "allow" => e[3] \subseteq (act'[2] \cap w.asked \cap Ceiling)
               /\ act'[1] = "narrow" => e[3] \subseteq (act'[2] \cap w.perm)
         /\ \A i \in 1..Len(r'.out) : r'.out[i][1] = "send" /\ r'.out[i][2][1] = "consent" =>
               r'.out[i][2][2] \subseteq (Ceiling \cap Consentable)]_vars
P7 == [][act'[1] \in {"tick", "lapse"} =>
           \A e \in Events(r'.out) : e[1] \notin {"viewing", "control-granted", "control-renewed"}]_vars
P8 == [][\A e \in Events(r'.out) : e[1] = "inject" => w.fresh]_vars
P10 == w.deaf <= Silence /\ w.ice <= Reconnect + 1 /\ (w.ice = Reconnect + 1 => w.over)
=============================================================================
