------------------------------- MODULE Sharer -------------------------------
(***************************************************************************)
(* The sharer's end of a session, without cryptography: what it does with  *)
(* each message, each act of its person, and each tick.  Everything here   *)
(* is a function; the modules that use it say when something happens.      *)
(***************************************************************************)
EXTENDS Base

(* Whatever is not in use has its first value, so that equal is equal. *)
SNew ==
  [ph |-> "idle",        \* idle, joining, securing, deciding, viewing, ended
   t |-> 0,              \* ticks until the phase is over by itself
   contact |-> "unsaid", \* who started the contact: unsaid, person, other
   lp |-> FALSE, pp |-> FALSE,       \* pause flags: its own, the helper's
   cons |-> {},          \* what consent gave
   ep |-> 0, es |-> 0,   \* epoch announced, and acknowledged
   adv |-> FALSE,        \* the advisory was acknowledged
   media |-> FALSE,      \* the program was told that it may send frames
   fr |-> 0, old |-> 0,  \* the latest frame, and the latest before the last reconnect
   shown |-> FALSE,      \* the helper has shown one
   quiet |-> 0,          \* ticks until control may be asked for
   hr |-> 0, lg |-> 0,   \* highest request, highest grant
   prq |-> 0, own |-> FALSE,         \* the open prompt: for a request, or for the person's own wish
   psc |-> {}, pt |-> 0,
   gr |-> 0, grq |-> 0, gsc |-> {}, gt |-> 0,    \* the live grant
   inj |-> FALSE,        \* input was injected since the last tick
   mute |-> 0,           \* ticks since the helper was heard
   link |-> "up", lt |-> 0,          \* up, or lost and for how long still
   told |-> {},          \* the pause flag that its latest state said since it was lost
   by |-> "", code |-> ""]           \* who ended it, and why

SPaused(s) == s.lp \/ s.pp
SLost(s)   == s.link = "lost"
SAsked(s)  == s.prq # 0 \/ s.own
SSealed(s) == s.ph \in {"securing", "deciding", "viewing"}

(* PAUSE-5, ADVISORY-2: the epoch that frames are sealed in, or 0. *)
SMediaEpoch(s) ==
  IF /\ s.ph = "viewing"
     /\ (~SPaused(s) \/ Is("media-while-paused"))
     /\ "view" \in s.cons
     /\ s.adv
     /\ s.es = s.ep
  THEN s.ep ELSE 0

SMayFilm(s) == SMediaEpoch(s) # 0 \/ (s.ph = "deciding" /\ Is("media-before-consent"))

SSettle(x) ==
  LET now == SMediaEpoch(x.st) # 0
  IN  IF now = x.st.media THEN x
      ELSE Tell(Put(x, [x.st EXCEPT !.media = now]),
                IF now THEN <<"media-ready">> ELSE <<"media-stopped">>)

-----------------------------------------------------------------------------
SClosePrompt(x) ==
  IF ~SAsked(x.st) THEN x
  ELSE Tell(Put(x, [x.st EXCEPT !.prq = 0, !.own = FALSE, !.psc = {}, !.pt = 0]),
            <<"prompt-closed">>)

(* CONTROL-24, CONTROL-25: what held a grant lets go, and it is gone; there is nothing left to renew. *)
SEndGrant(x, code, tell) ==
  IF x.st.gr = 0 THEN x
  ELSE LET g    == x.st.gr
           gone == [x.st EXCEPT !.gr = 0, !.grq = 0, !.gsc = {}, !.gt = 0]
           let  == IF Is("no-release") THEN Put(x, gone)
                   ELSE Tell(Put(x, gone), <<"release-all">>)
           shut == IF x.st.own THEN SClosePrompt(let) ELSE let
           told == IF tell THEN Say(shut, <<"control-end", g, code>>) ELSE shut
       IN  Tell(told, <<"control-ended", g, code>>)

SRefusePrompt(x, code) ==
  SClosePrompt(IF x.st.prq = 0 THEN x
               ELSE Say(x, <<"control-deny", x.st.prq, code>>))

(* CONTROL-5, CONTROL-33, FRICTION-5: the person was asked, and has peace for a while. *)
SRest(x) == Tell(Put(x, [x.st EXCEPT !.quiet = AfterDenial]), <<"not-before">>)

(* CONTROL-7: the person, or time, says no. *)
SDenied(x) ==
  LET shut == SRefusePrompt(x, "denied")
  IN  IF x.st.own THEN shut ELSE SRest(shut)

(* CONTROL-13 *)
SGive(x, request, scopes, ticks) ==
  LET g == x.st.lg + 1
      y == Put(x, [x.st EXCEPT !.lg = g, !.gr = g, !.grq = request,
                               !.gsc = scopes, !.gt = ticks])
  IN  Tell(Say(y, <<"control-grant", request, g, scopes, ticks>>),
           <<"control-granted", g, scopes>>)

(* PAUSE-2, PAUSE-3 *)
SRaise(x) ==
  LET e == x.st.ep + 1
  IN  Say(Put(x, [x.st EXCEPT !.ep = e]), <<"epoch", e, SPaused(x.st)>>)

-----------------------------------------------------------------------------
(* END-2, END-3, END-6, END-7: everything that a session held dies here. *)
SFinish(x, by, code, told) ==
  IF x.st.ph = "ended" THEN x
  ELSE
    LET s     == x.st
        held  == SClosePrompt(SEndGrant(x, code, FALSE))
        dark  == IF s.media THEN Tell(held, <<"media-stopped">>) ELSE held
        last  == IF SSealed(s) /\ told /\ ~SLost(s)
                 THEN Say(dark, <<"end", code>>) ELSE dark
        gone  == IF s.ph # "idle" THEN Leave(last, code) ELSE last
        dead  == IF Is("end-keeps-grant")
                 THEN [s EXCEPT !.ph = "ended", !.by = by, !.code = code]
                 ELSE [SNew EXCEPT !.ph = "ended", !.by = by, !.code = code]
    IN  Tell(Put(gone, dead), <<"ended", by, code>>)

SFail(s, by, code) == SFinish(X(s), by, code, TRUE)
SUnexpected(s)     == SFail(s, "peer", "unexpected-message")

(* RECON-1, RECON-2, RECON-4 *)
SFreeze(x) ==
  IF SLost(x.st) THEN x
  ELSE
    LET s     == x.st
        bare  == IF Is("grant-survives-freeze") THEN SClosePrompt(x)
                 ELSE SClosePrompt(SEndGrant(x, "lost", FALSE))
        dark  == IF s.media THEN Tell(bare, <<"media-stopped">>) ELSE bare
        ice   == [dark.st EXCEPT !.link = "lost", !.lt = Reconnect, !.told = {},
                                 !.media = FALSE, !.es = 0, !.mute = 0]
    IN  Tell(Hush(Put(dark, ice)), <<"frozen">>)

(* RECON-6 *)
SLeavePath(x) == IF SLost(x.st) THEN x ELSE NewPath(SFreeze(x))

SLinkLost(s) ==
  IF s.ph \in {"deciding", "viewing"} THEN SFreeze(X(s))
  ELSE SFinish(X(s), "relay", "lost", FALSE)

SRecordFailed(s) ==
  IF s.ph \in {"deciding", "viewing"} THEN SLeavePath(X(s))
  ELSE SFail(s, "relay", "record-failed")

SState(s) ==
  IF s.ph = "viewing" THEN <<"state", s.lp, s.cons, s.ep, s.lg>>
                      ELSE <<"state", s.lp, {}, 0, 0>>

(* RECON-22: the helper has proven that it has the next master. *)
SMasterTaken(s) == IF SLost(s) THEN Say(X([s EXCEPT !.told = {s.lp}]), SState(s)) ELSE X(s)

SFlagged(x, before) ==
  IF x.st.pp = before.pp THEN x ELSE Tell(x, <<"paused", x.st.lp, x.st.pp>>)

(* RECON-23, RECON-25, RECON-27, RECON-28, RECON-29, RECON-36, RECON-37 *)
SThaw(s, m) ==
  LET paused == m[2]
      up     == [s EXCEPT !.link = "up", !.lt = 0, !.told = {}, !.mute = 0, !.pp = paused]
      here   == Tell(Put(X(s), up), <<"back">>)
      back   == IF s.told = {~s.lp} THEN Say(here, <<"pause", s.lp>>) ELSE here
  IN  IF s.ph = "deciding"
      THEN IF m # <<"state", paused, {}, 0, 0>> THEN SUnexpected(s) ELSE SFlagged(back, s)
      ELSE IF ~(m[3] \subseteq s.cons /\ m[4] <= s.ep /\ m[5] <= s.lg)
           THEN SUnexpected(s)
           ELSE LET shows == Say(back, <<"displays">>)
                    told  == IF s.adv THEN shows ELSE Say(shows, <<"advisory">>)
                    new   == SFlagged(told, s)
                    bare  == Put(new, [new.st EXCEPT !.shown = FALSE, !.old = s.fr])
                IN  IF Is("thaw-keeps-epoch") THEN Say(bare, <<"epoch", s.ep, SPaused(bare.st)>>)
                    ELSE SRaise(bare)

-----------------------------------------------------------------------------
(* Control, in the order in which a request is judged. *)
SRequest(s, r, scopes) ==
  IF r <= s.hr THEN SUnexpected(s)                                \* CONTROL-2
  ELSE
    LET x     == X([s EXCEPT !.hr = r])
        early == \/ SPaused(s) \/ ~s.shown \/ SAsked(s)           \* CONTROL-4
                 \/ s.quiet > 0                                   \* CONTROL-5, CONTROL-33
    IN  IF scopes = {} \/ ~(scopes \subseteq (Ceiling \cap Grantable))
        THEN Say(x, <<"control-deny", r, "beyond-ceiling">>)      \* CONTROL-3
        ELSE IF early THEN Say(x, <<"control-deny", r, "too-early">>)
        ELSE IF Is("grant-unasked") THEN SGive(SEndGrant(x, "replaced", TRUE), r, scopes, GrantTime)
        ELSE LET bare == IF s.gr = 0 THEN x ELSE Tell(x, <<"release-all">>)  \* CONTROL-10
                 asks == Put(bare, [bare.st EXCEPT !.prq = r, !.psc = scopes,
                                                   !.pt = PromptTime])
             IN  Tell(asks, <<"control-asked", scopes, s.gr # 0 /\ s.gsc = scopes>>)

(* CONTROL-11, CONTROL-20, CONTROL-33 *)
SWithdraw(s, r) ==
  LET x == IF r # 0 /\ s.prq = r THEN SRest(SClosePrompt(X(s))) ELSE X(s)
  IN  IF r # 0 /\ s.gr # 0 /\ s.grq = r THEN SEndGrant(x, "released", TRUE) ELSE x

(* CONTROL-20, CONTROL-22, CONTROL-23 *)
SReleased(s, g) ==
  IF g = 0 \/ g > s.lg THEN SUnexpected(s)
  ELSE IF s.gr = g THEN SEndGrant(X(s), "released", FALSE) ELSE X(s)

(* PAUSE-2, PAUSE-8, PAUSE-9, PAUSE-12 *)
SFlags(x, lp, pp) ==
  LET before == SPaused(x.st)
      y      == Put(x, [x.st EXCEPT !.lp = lp, !.pp = pp])
      after  == SPaused(y.st)
      freed  == IF after /\ ~before
                THEN SRefusePrompt(IF Is("grant-survives-pause") THEN y
                                   ELSE SEndGrant(y, "paused", TRUE), "too-early")
                ELSE y
      raised == IF after = before \/ (Is("epoch-not-raised") /\ ~after) THEN freed
                ELSE SRaise(freed)
  IN  Tell(SSettle(raised), <<"paused", lp, pp>>)

(* INPUT-6, INPUT-8, CONTROL-9: the check stands at the moment of injection. *)
SInput(s, g, scope) ==
  IF g = 0 \/ (s.ph # "viewing" /\ ~Is("end-keeps-grant")) THEN X(s)
  ELSE IF s.gr # g /\ ~Is("inject-dead-grant") THEN X(s)
  ELSE IF scope \notin s.gsc /\ ~Is("inject-any-scope") /\ ~Is("inject-dead-grant")
       THEN SFail(s, "peer", "scope-exceeded")
  ELSE IF SAsked(s) /\ ~Is("inject-under-prompt") THEN X(s)
  ELSE Tell(X([s EXCEPT !.inj = TRUE]), <<"inject", scope>>)

(* INPUT-5: a record came under the live grant and did not open. *)
SInputFailed(s) ==
  IF s.ph = "viewing" THEN SSettle(SEndGrant(X(s), "record-failed", TRUE)) ELSE X(s)

-----------------------------------------------------------------------------
(* The table of phases: what a message does. *)
SDone(x) == IF x.st.ph = "viewing" THEN SSettle(x) ELSE x

SInViewing(s, m) ==
  LET kind == m[1]
  IN  CASE kind \in {"pad", "heartbeat"} -> X(s)
        [] kind = "advisory-ack"     -> SDone(X([s EXCEPT !.adv = TRUE]))
        [] kind = "shown"            -> IF m[2] = 0 \/ m[2] > s.fr THEN SUnexpected(s)
                                        ELSE IF m[2] > s.old      \* RECON-29
                                             THEN SDone(X([s EXCEPT !.shown = TRUE])) ELSE X(s)
        [] kind = "epoch-seen"       -> IF m[2] = 0 \/ m[2] > s.ep THEN SUnexpected(s)
                                        ELSE IF m[2] > s.es
                                             THEN SDone(X([s EXCEPT !.es = m[2]])) ELSE X(s)
        [] kind = "pause"            -> IF s.pp = m[2] THEN X(s) ELSE SFlags(X(s), s.lp, m[2])
        [] kind = "control-request"  -> SDone(SRequest(s, m[2], m[3]))
        [] kind = "control-withdraw" -> SDone(SWithdraw(s, m[2]))
        [] kind = "control-end"      -> SDone(SReleased(s, m[2]))
        [] OTHER                     -> SUnexpected(s)           \* SESSION-1

STake(s0, m) ==
  LET s    == [s0 EXCEPT !.mute = 0]
      kind == m[1]
  IN  CASE s0.ph \in {"idle", "joining", "ended"} -> X(s0)        \* SESSION-2
        [] s0.ph \notin {"idle", "joining", "ended"} /\ kind = "end"
             -> SFinish(X(s0), "peer", m[2], FALSE)               \* END-4
        [] s0.ph = "securing" /\ kind # "end"
             -> IF kind = "pad" THEN X(s0) ELSE SUnexpected(s0)
        [] SLost(s0) /\ kind # "end"                              \* RECON-24
             -> IF kind = "state" THEN SThaw(s0, m)
                ELSE IF kind = "pad" THEN X(s0) ELSE SUnexpected(s0)
        [] s0.ph = "deciding" /\ ~SLost(s0) /\ kind # "end"
             -> CASE kind \in {"pad", "heartbeat"} -> X(s)
                  [] kind = "pause" -> IF s.pp = m[2] THEN X(s)
                                       ELSE Tell(X([s EXCEPT !.pp = m[2]]), <<"paused", s.lp, m[2]>>)
                  [] OTHER -> SUnexpected(s0)
        [] s0.ph = "viewing" /\ ~SLost(s0) /\ kind # "end" -> SInViewing(s, m)

-----------------------------------------------------------------------------
(* From the join to the question. *)
SJoin(s)     == X([s EXCEPT !.ph = "joining", !.t = JoinTime])
SAnswered(s) == IF s.ph = "joining" THEN X([s EXCEPT !.ph = "securing", !.t = Handshake])
                ELSE SFail(s, "relay", "unexpected-message")

(* CONSENT-1 *)
SIntroduced(s) ==
  IF s.ph # "securing" THEN STake(s, <<"introduce">>)
  ELSE Tell(X([s EXCEPT !.ph = "deciding", !.t = ConsentTime]), <<"consent-asked">>)

(* FRICTION-2, FRICTION-4 *)
SMayContact(s) == s.ph = "deciding" /\ s.contact = "unsaid"
SContact(s, who) ==
  LET x == X([s EXCEPT !.contact = who])
  IN  IF who = "other" THEN Tell(x, <<"scam-warning">>) ELSE x

(* CONSENT-2, CONSENT-6, FRICTION-1, FRICTION-3, RECON-8 *)
SMayConsent(s, how) ==
  /\ s.ph = "deciding"
  /\ ~SLost(s)
  /\ \/ s.contact = "person"
     \/ (s.contact = "other" /\ how = "warned")
     \/ Is("consent-unwarned")
SConsented(s) ==
  LET cons == Ceiling \cap Consentable
      v    == [s EXCEPT !.ph = "viewing", !.t = 0, !.contact = "unsaid", !.cons = cons,
                        !.quiet = AfterConsent]
      said == Say(Say(Say(Put(X(s), v), <<"consent", cons>>), <<"displays">>), <<"advisory">>)
  IN  SRaise(Tell(Tell(said, <<"viewing">>), <<"not-before">>))
(* CONSENT-3 *)
SMayRefuse(s) == s.ph = "deciding"
SRefused(s)   == SFinish(X(s), "local", "declined", TRUE)

(* CONTROL-6, CONTROL-8, CONTROL-15, CONTROL-21, TOOL-6 *)
SMayAllow(s, scopes) ==
  /\ s.ph = "viewing" /\ SAsked(s)
  /\ scopes # {} /\ (s.own => scopes = s.psc)
  /\ (scopes \subseteq s.psc \/ Is("allow-more"))
  /\ ((s.pt # PromptTime /\ ~s.inj) \/ Is("no-answer-guard"))
SAllow(s, scopes) ==
  LET r    == s.prq
      shut == [s EXCEPT !.prq = 0, !.own = FALSE, !.psc = {}, !.pt = 0]
  IN  IF s.gr # 0 /\ s.gsc = s.psc /\ s.psc = scopes
      THEN SSettle(Tell(Say(X([shut EXCEPT !.gt = GrantTime]),
                            <<"control-renew", r, s.gr, GrantTime>>),
                        <<"control-renewed", s.gr>>))             \* TOOL-5
      ELSE SSettle(SGive(SEndGrant(X(shut), "replaced", TRUE), r, scopes, GrantTime))
SMayDeny(s)   == s.ph = "viewing" /\ SAsked(s)
SDeny(s)      == SDenied(X(s))
(* CONTROL-19 *)
SMayRevoke(s) == s.ph = "viewing" /\ s.gr # 0
SRevoke(s)    == SSettle(SEndGrant(X(s), "revoked", TRUE))
(* CONTROL-29, CONTROL-32 *)
SMayNarrow(s, scopes) ==
  s.ph = "viewing" /\ s.gr # 0 /\ scopes \subseteq s.gsc /\ scopes # s.gsc
SNarrow(s, scopes) ==
  IF scopes = {} THEN SRevoke(s)
  ELSE SSettle(SGive(SEndGrant(X(s), "replaced", TRUE), 0,
                     IF Is("narrow-keeps") THEN s.gsc ELSE scopes, s.gt))
(* TOOL-6 *)
SMayAskMore(s) == s.ph = "viewing" /\ s.gr # 0 /\ ~SAsked(s)
SAskMore(s) ==
  LET asks == [s EXCEPT !.own = TRUE, !.psc = s.gsc, !.pt = PromptTime]
  IN  SSettle(Tell(Tell(X(asks), <<"release-all">>), <<"control-asked", s.gsc, TRUE>>))

(* PAUSE-1 *)
SMayPause(s) == s.ph \in {"deciding", "viewing"}
SPause(s, on) ==
  LET x == IF s.lp = on THEN X(s)
           ELSE IF s.ph = "deciding"
           THEN Tell(Say(X([s EXCEPT !.lp = on]), <<"pause", on>>), <<"paused", on, s.pp>>)
           ELSE SFlags(Say(X(s), <<"pause", on>>), on, s.pp)
  IN  IF SLost(s) THEN Hush(x) ELSE x

(* RDV-5 *)
SOdd(s)         == SFail(s, "relay", "unexpected-message")
SPeerLost(s)    == IF s.ph = "idle" THEN SOdd(s) ELSE SLinkLost(s)
SJoinRefused(s) == IF s.ph = "joining" THEN SFinish(X(s), "relay", "not-found", FALSE) ELSE SOdd(s)

(* END-1 *)
SEnd(s)               == SFinish(X(s), "local", "done", TRUE)
(* END-5 *)
SRelayEnded(s, code)  == SFinish(X(s), "relay", code, FALSE)

(* The number of a frame is that of its epoch here. *)
SFilm(s) == X([s EXCEPT !.fr = s.ep])

-----------------------------------------------------------------------------
(* A tick: what silence and time do. *)
STick(s0) ==
  LET s == [s0 EXCEPT !.t = Down(@), !.quiet = Down(@), !.pt = Down(@), !.gt = Down(@),
                      !.lt = Down(@), !.inj = FALSE,
                      !.mute = IF s0.ph \in {"deciding", "viewing"} /\ s0.link = "up"
                               THEN @ + 1 ELSE @]
      deaf == s.mute >= Silence /\ ~Is("silence-unnoticed")       \* SESSION-5
  IN  CASE s.ph \in {"idle", "ended"} -> X(s0)
        [] s.ph = "joining" ->
             IF s.t = 0 THEN SFinish(X(s), "local", "handshake-timeout", TRUE)
             ELSE IF s.t = JoinTime - 1 THEN Tell(X(s), <<"join-held-back">>)  \* FRICTION-7
             ELSE X(s)
        [] s.ph = "securing" ->                                   \* KEX-18
             IF s.t = 0 THEN SFinish(X(s), "local", "handshake-timeout", TRUE) ELSE X(s)
        [] s.ph = "deciding" ->
             IF SLost(s) /\ s.lt = 0 /\ ~Is("frozen-for-good")
             THEN SFinish(X(s), "relay", "lost", FALSE)           \* RECON-5
             ELSE IF s.t = 0                                      \* CONSENT-4
             THEN IF Is("silence-consents") /\ ~SLost(s) THEN SConsented(s)
                  ELSE SFinish(X(s), "local", "declined", TRUE)
             ELSE IF ~SLost(s) /\ deaf THEN SLeavePath(X(s)) ELSE X(s)
        [] s.ph = "viewing" ->
             IF SLost(s)
             THEN IF s.lt = 0 /\ ~Is("frozen-for-good")
                  THEN SFinish(X(s), "relay", "lost", FALSE) ELSE X(s)
             ELSE IF deaf THEN SLeavePath(X(s))
             ELSE LET x == IF SAsked(s) /\ s.pt = 0
                           THEN IF Is("silence-grants") THEN SAllow(s, s.psc)
                                ELSE IF Is("silence-unanswered") THEN SClosePrompt(X(s))
                                ELSE SDenied(X(s))                \* CONTROL-7
                           ELSE X(s)
                  IN  IF x.st.gr # 0 /\ x.st.gt = 0 /\ ~Is("grant-never-expires")
                      THEN SSettle(SEndGrant(x, "expired", TRUE)) ELSE SSettle(x)  \* CONTROL-18
=============================================================================
