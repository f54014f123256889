------------------------------- MODULE Helper -------------------------------
(***************************************************************************)
(* The helper's end of a session, without cryptography.  As in Sharer,     *)
(* everything is a function.  An advisory is read as soon as it comes.     *)
(***************************************************************************)
EXTENDS Base

HNew ==
  [ph |-> "idle",        \* idle, requesting, waiting, securing, deciding, viewing, ended
   t |-> 0,              \* ticks until the handshake has taken too long
   spent |-> 0,          \* codes that were spent without a session
   rest |-> 0,           \* ticks until another code may be asked for
   lp |-> FALSE, pp |-> FALSE,       \* pause flags: its own, the sharer's
   cons |-> {},          \* what consent gave
   ep |-> 0, epp |-> FALSE,          \* the latest epoch, and whether as paused
   si |-> 0,             \* the epoch of the latest frame that was acknowledged
   adv |-> FALSE, again |-> FALSE,   \* the advisory came; it may come again
   lr |-> 0, rq |-> 0, rsc |-> {},   \* the latest request, the open one
   lg |-> 0, gr |-> 0, gsc |-> {}, gt |-> 0,     \* the latest grant, the live one
   repl |-> {},          \* what the last grant had, if another takes its place
   mute |-> 0,
   link |-> "up", lt |-> 0,
   told |-> {},          \* the pause flag that its latest state said since the link was lost
   by |-> "", code |-> ""]

HPaused(h) == h.lp \/ h.pp
HLost(h)   == h.link = "lost"
HSealed(h) == h.ph \in {"deciding", "viewing"}

-----------------------------------------------------------------------------
HEndGrant(x, code) ==
  LET bare == [x.st EXCEPT !.gr = 0, !.gsc = {}, !.gt = 0, !.repl = {}]
  IN  IF x.st.gr = 0 THEN Put(x, bare)
      ELSE Tell(Put(x, bare), <<"control-ended", x.st.gr, code>>)

HCloseAll(x, code) == HEndGrant(Put(x, [x.st EXCEPT !.rq = 0, !.rsc = {}]), code)

(* END-2, END-3, END-7 *)
HFinish(x, by, code, told) ==
  IF x.st.ph = "ended" THEN x
  ELSE
    LET h    == x.st
        bare == IF h.ph = "viewing" THEN HCloseAll(x, code) ELSE x
        last == IF HSealed(h) /\ told /\ ~HLost(h) THEN Say(bare, <<"end", code>>) ELSE bare
        gone == IF h.ph # "idle" THEN Leave(last, code) ELSE last
        dead == [HNew EXCEPT !.ph = "ended", !.by = by, !.code = code]
    IN  Tell(Put(gone, dead), <<"ended", by, code>>)

HFail(h, by, code) == HFinish(X(h), by, code, TRUE)
HUnexpected(h)     == HFail(h, "peer", "unexpected-message")

(* RECON-1, RECON-3, RECON-4 *)
HFreeze(x) ==
  IF HLost(x.st) THEN x
  ELSE LET bare == IF x.st.ph = "viewing" THEN HCloseAll(x, "lost") ELSE x
           ice  == [bare.st EXCEPT !.link = "lost", !.lt = Reconnect, !.told = {},
                                   !.mute = 0]
       IN  Tell(Hush(Put(bare, ice)), <<"frozen">>)

HLeavePath(x) == IF HLost(x.st) THEN x ELSE NewPath(HFreeze(x))
HLinkLost(h) ==
  IF h.ph \in {"deciding", "viewing"} THEN HFreeze(X(h))
  ELSE HFinish(X(h), "relay", "lost", FALSE)
HRecordFailed(h) == HLeavePath(X(h))

HState(h) ==
  IF h.ph = "viewing" THEN <<"state", h.lp, h.cons, h.ep, h.lg>>
                      ELSE <<"state", h.lp, {}, 0, 0>>
(* RECON-18 *)
HMasterTaken(h) == IF HLost(h) THEN Say(X([h EXCEPT !.told = {h.lp}]), HState(h)) ELSE X(h)

(* PAUSE-10 *)
HPauseChanged(x) ==
  LET bare == IF HPaused(x.st) /\ ~Is("helper-keeps-grant-when-paused")
              THEN HCloseAll(x, "paused") ELSE x
  IN  Tell(bare, <<"paused", x.st.lp, x.st.pp>>)

HThawViewing(x, m) ==
  LET y == Put(x, [x.st EXCEPT !.again = x.st.adv, !.ep = m[4], !.epp = TRUE, !.lg = m[5]])
  IN  IF x.st.pp = m[2] THEN y ELSE HPauseChanged(Put(y, [y.st EXCEPT !.pp = m[2]]))

(* CONSENT-7, FRICTION-5 *)
HSees(x, scopes) ==
  Tell(Tell(Put(x, [x.st EXCEPT !.ph = "viewing", !.cons = scopes, !.epp = TRUE]),
            <<"viewing", scopes>>), <<"not-before">>)

(* RECON-23, RECON-25, RECON-26, RECON-28, RECON-37 *)
HThaw(h, m) ==
  LET paused == m[2]
      up     == [h EXCEPT !.link = "up", !.lt = 0, !.told = {}, !.mute = 0]
      here   == Tell(Put(X(h), up), <<"back">>)
      back   == IF h.told = {~h.lp} THEN Say(here, <<"pause", h.lp>>) ELSE here
  IN  IF h.ph = "viewing"
      THEN IF m[3] = h.cons /\ m[4] >= h.ep /\ m[5] >= h.lg THEN HThawViewing(back, m)
           ELSE HUnexpected(h)
      ELSE IF m[3] = {}
      THEN IF m # <<"state", paused, {}, 0, 0>> THEN HUnexpected(h)
           ELSE LET z == Put(back, [back.st EXCEPT !.pp = paused])
                IN  IF h.pp = paused THEN z ELSE Tell(z, <<"paused", h.lp, paused>>)
      ELSE IF ~(m[3] \subseteq (Ceiling \cap Consentable)) THEN HUnexpected(h)
      ELSE HThawViewing(HSees(back, m[3]), m)

-----------------------------------------------------------------------------
HTakeGrant(x, g, scopes, ticks) ==
  Tell(Put(x, [x.st EXCEPT !.lg = g, !.repl = {}, !.gr = g, !.gsc = scopes, !.gt = ticks]),
       <<"control-granted", g, scopes>>)

(* CONTROL-16, CONTROL-17, CONTROL-30, CONTROL-31 *)
HGranted(h, r, g, scopes, ticks) ==
  IF g <= h.lg \/ ticks > GrantLimit THEN HUnexpected(h)
  ELSE IF r = 0
  THEN IF scopes = {} THEN HUnexpected(h)
       ELSE IF h.repl = {}
       THEN Say(X([h EXCEPT !.lg = g]), <<"control-end", g, "released">>)
       ELSE IF ~(scopes \subseteq h.repl) THEN HUnexpected(h)
       ELSE HTakeGrant(X(h), g, scopes, ticks)
  ELSE IF h.rq # r
  THEN X([h EXCEPT !.lg = g])
  ELSE IF scopes = {} \/ (~(scopes \subseteq h.rsc) /\ ~Is("grant-widened")) THEN HUnexpected(h)
  ELSE HTakeGrant(HEndGrant(X([h EXCEPT !.rq = 0, !.rsc = {}]), "replaced"), g, scopes, ticks)

(* TOOL-7, TOOL-8 *)
HRenewed(h, r, g, ticks) ==
  LET open == h.rq # 0 /\ h.rq = r
  IN  IF ticks > GrantLimit THEN HUnexpected(h)
      ELSE IF (open \/ r = 0) /\ g # 0 /\ h.gr = g
      THEN LET y == [h EXCEPT !.gt = ticks]
           IN  Tell(X(IF open THEN [y EXCEPT !.rq = 0, !.rsc = {}] ELSE y),
                    <<"control-renewed", g>>)
      ELSE X(h)

HInViewing(h, m) ==
  LET kind == m[1]
  IN  CASE kind \in {"pad", "heartbeat"} -> X(h)
        [] kind = "displays" -> Tell(X(h), <<"displays">>)
        [] kind = "advisory" ->
             IF ~h.adv THEN Say(X([h EXCEPT !.adv = TRUE]), <<"advisory-ack">>)
             ELSE IF h.again THEN Say(X([h EXCEPT !.again = FALSE]), <<"advisory-ack">>)
             ELSE HUnexpected(h)
        [] kind = "epoch" ->                                      \* PAUSE-4, PAUSE-6
             IF m[2] # h.ep + 1 THEN HUnexpected(h)
             ELSE LET y == X([h EXCEPT !.ep = m[2], !.epp = m[3]])
                  IN  IF Is("epoch-unseen") THEN y ELSE Say(y, <<"epoch-seen", m[2]>>)
        [] kind = "pause" ->
             IF h.pp = m[2] THEN X(h) ELSE HPauseChanged(X([h EXCEPT !.pp = m[2]]))
        [] kind = "control-grant" -> HGranted(h, m[2], m[3], m[4], m[5])
        [] kind = "control-deny" ->
             IF h.rq = 0 \/ h.rq # m[2] THEN X(h)
             ELSE LET x == Tell(X([h EXCEPT !.rq = 0, !.rsc = {}]), <<"control-denied", m[3]>>)
                  IN  IF m[3] = "denied" THEN Tell(x, <<"not-before">>) ELSE x
        [] kind = "control-end" ->
             IF h.gr = 0 \/ h.gr # m[2] THEN X(h)
             ELSE LET x == HEndGrant(X(h), m[3])
                  IN  IF m[3] = "replaced" THEN Put(x, [x.st EXCEPT !.repl = h.gsc]) ELSE x
        [] kind = "control-renew" -> HRenewed(h, m[2], m[3], m[4])
        [] OTHER -> HUnexpected(h)                                \* SESSION-1

(* The table of phases: what a message does. *)
HTake(h0, m) ==
  LET h    == [h0 EXCEPT !.mute = 0]
      kind == m[1]
  IN  CASE h0.ph \in {"idle", "requesting", "waiting", "ended"} ->         \* SESSION-2
             IF Is("ended-helper-answers") /\ kind = "heartbeat" THEN Say(X(h0), m) ELSE X(h0)
        [] h0.ph = "securing" -> HUnexpected(h0)
        [] HSealed(h0) /\ kind = "end" -> HFinish(X(h0), "peer", m[2], FALSE)   \* END-4
        [] HSealed(h0) /\ HLost(h0) /\ kind # "end" ->            \* RECON-24
             IF kind = "state" THEN HThaw(h0, m)
             ELSE IF kind = "pad" THEN X(h0) ELSE HUnexpected(h0)
        [] h0.ph = "deciding" /\ ~HLost(h0) /\ kind # "end" ->
             CASE kind \in {"pad", "heartbeat"} -> X(h)
               [] kind = "pause" -> IF h.pp = m[2] THEN X(h)
                                  ELSE Tell(X([h EXCEPT !.pp = m[2]]), <<"paused", h.lp, m[2]>>)
               [] kind = "consent" ->
                    IF m[2] = {} \/ ~(m[2] \subseteq (Ceiling \cap Consentable))
                    THEN HUnexpected(h0)
                    ELSE HSees(X(h), m[2])
               [] OTHER -> HUnexpected(h0)
        [] h0.ph = "viewing" /\ ~HLost(h0) /\ kind # "end" -> HInViewing(h, m)

(* PAUSE-11, MEDIA-19: a frame that opened in this epoch, and is shown at once. *)
HFrame(h, e) ==
  IF h.ph # "viewing" \/ HLost(h) \/ h.ep = 0 \/ (h.ep # e /\ ~Is("frames-in-any-epoch")) THEN X(h)
  ELSE IF h.epp /\ ~Is("paused-media-taken") THEN HFail(h, "peer", "paused-media")
  ELSE Say(X([h EXCEPT !.si = e]), <<"shown", e>>)

-----------------------------------------------------------------------------
HMayAsk(h)     == h.ph = "idle" /\ h.rest = 0
HAskCode(h)    == X([h EXCEPT !.ph = "requesting"])
(* RDV-5: each of these is a violation of the relay's in another phase. *)
HOdd(h)        == HFail(h, "relay", "unexpected-message")
HIssued(h)     == IF h.ph = "requesting" THEN Tell(X([h EXCEPT !.ph = "waiting"]), <<"code-issued">>)
                  ELSE HOdd(h)
HCodeEnded(h, code) ==
  IF h.ph \in {"requesting", "waiting"}
  THEN Tell(X([h EXCEPT !.ph = "idle"]), <<"code-ended", code>>) ELSE HOdd(h)
(* CODE-9: the code is spent before anything else is done about it. *)
HJoined(h)     == IF h.ph = "waiting" \/ (Is("helper-answers-twice") /\ h.ph = "securing")
                  THEN Tell(X([h EXCEPT !.ph = "securing", !.t = Handshake]), <<"joined">>)
                  ELSE HOdd(h)
(* FRICTION-6, KEX-17 *)
HSpent(x, code) ==
  IF x.st.ph # "securing" THEN x
  ELSE LET n == IF x.st.spent = 3 THEN 3 ELSE x.st.spent + 1
           h == [HNew EXCEPT !.spent = n, !.rest = IF n = 3 THEN PromptTime ELSE 0]
       IN  Tell(Leave(Put(x, h), code), <<"code-spent", n, n = 3>>)
HSecured(h)    == IF h.ph = "securing"
                  THEN Tell(X([h EXCEPT !.ph = "deciding", !.t = 0, !.spent = 0]), <<"secured">>)
                  ELSE HFail(h, "relay", "unexpected-message")

HRefused(h)    == IF h.ph = "requesting" THEN HCodeEnded(h, "busy") ELSE HOdd(h)
(* What the relay says of a code or a session that is over; or that the sharer is lost. *)
HGone(h, code) ==
  CASE h.ph = "waiting"                -> HCodeEnded(h, code)
    [] h.ph = "securing"               -> HSpent(X(h), code)
    [] h.ph \in {"deciding", "viewing"} -> HFinish(X(h), "relay", code, FALSE)
    [] OTHER                           -> X(h)
HPeerLost(h) ==
  CASE h.ph = "securing"               -> HSpent(X(h), "lost")
    [] h.ph \in {"deciding", "viewing"} -> HLinkLost(h)
    [] OTHER                           -> X(h)

(* CONTROL-1 *)
HMayRequest(h, scopes) ==
  /\ h.ph = "viewing" /\ ~HLost(h) /\ ~HPaused(h) /\ h.rq = 0
  /\ scopes # {} /\ scopes \subseteq (Ceiling \cap Grantable)
HRequest(h, scopes) ==
  LET r == h.lr + 1
  IN  Say(X([h EXCEPT !.lr = r, !.rq = r, !.rsc = scopes]), <<"control-request", r, scopes>>)

(* CONTROL-12, FRICTION-5: the sharer's person was asked, as far as is known here. *)
HWithdraw(x) ==
  IF x.st.rq = 0 THEN x
  ELSE Tell(Say(Put(x, [x.st EXCEPT !.rq = 0, !.rsc = {}]), <<"control-withdraw", x.st.rq>>),
            <<"not-before">>)

(* CONTROL-12, CONTROL-26 *)
HMayRelease(h) == h.ph = "viewing" /\ (h.rq # 0 \/ h.gr # 0)
HRelease(h) ==
  LET x == HWithdraw(X(h))
  IN  IF h.gr = 0 THEN x
      ELSE Say(HEndGrant(x, "released"), <<"control-end", h.gr, "released">>)

(* PAUSE-1, CONTROL-12 *)
HMayPause(h) == HSealed(h)
HPause(h, on) ==
  LET x == IF h.lp = on THEN X(h)
           ELSE IF h.ph = "deciding"
           THEN Tell(Say(X([h EXCEPT !.lp = on]), <<"pause", on>>), <<"paused", on, h.pp>>)
           ELSE HPauseChanged(Say(HWithdraw(X([h EXCEPT !.lp = on])), <<"pause", on>>))
  IN  IF HLost(h) THEN Hush(x) ELSE x

HEnd(h)              == HFinish(X(h), "local", "done", TRUE)
HRelayEnded(h, code) == HFinish(X(h), "relay", code, FALSE)

-----------------------------------------------------------------------------
HTick(h0) ==
  LET h == [h0 EXCEPT !.t = Down(@), !.rest = Down(@), !.gt = Down(@), !.lt = Down(@),
                      !.mute = IF HSealed(h0) /\ ~HLost(h0) THEN @ + 1 ELSE @]
      deaf == h.mute >= Silence /\ ~Is("silence-unnoticed")       \* SESSION-5
  IN  CASE h.ph \in {"idle", "requesting", "waiting", "ended"} -> X(h)
        [] h.ph = "securing" ->
             IF h.t = 0 THEN HSpent(X(h), "handshake-timeout") ELSE X(h)   \* KEX-17
        [] HSealed(h) /\ HLost(h) ->                              \* RECON-5
             IF h.lt = 0 /\ ~Is("frozen-for-good")
             THEN HFinish(X(h), "relay", "lost", FALSE) ELSE X(h)
        [] HSealed(h) /\ ~HLost(h) ->
             IF deaf THEN HLeavePath(X(h))
             ELSE IF h.gr # 0 /\ h.gt = 0 THEN HEndGrant(X(h), "expired") ELSE X(h)
=============================================================================
