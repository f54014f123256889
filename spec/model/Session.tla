------------------------------- MODULE Session ------------------------------
(***************************************************************************)
(* A whole session: an honest helper, an honest sharer, a relay, and a     *)
(* network that loses connections.  What a client sends is at the relay at *)
(* once; what the relay sends waits, in order, until it is delivered, all  *)
(* that one step made an end say in one piece.  The handshakes are steps   *)
(* of their own; their keys are in Keys.                                   *)
(***************************************************************************)
EXTENDS Sharer, Helper

CONSTANTS
  MaxEpoch, MaxRequest, MaxCuts,  \* the persons and the network do no more than this
  MaxQueue,                       \* who has so much under way does nothing more
  Reorder,                        \* frames and input are overtaken, and overtake
  Quick,                          \* the sharer's person answers before the next tick
  Willing                         \* nobody refuses, pauses, gives back or ends

VARIABLES
  r,      \* everything, r.st, and what each end has just put out, r.out
  act     \* what has just happened; it and the outputs are hidden by VIEW

vars == <<r, act>>
g    == r.st
Out  == r.out
View == g

Start ==
  [h |-> HNew, s |-> SNew,
   toH |-> <<>>, toS |-> <<>>,      \* what the relay has sent, and is not delivered
   hc |-> "up", sc |-> "up",        \* connections: up; cut, and nobody knows; none
   rel |-> "none",                  \* at the relay: none, code, paired, over
   hh |-> 0, sh |-> 0,              \* for how long the place of an end is held still
   hg |-> 0, sg |-> 0,              \* generations of masters
   hf |-> FALSE, sf |-> FALSE,      \* the master is younger than the freeze
   film |-> 0, typed |-> FALSE,     \* the latest epoch of a frame; input in this tick
   cuts |-> 0,
   yes |-> FALSE, perm |-> {},      \* ghosts: what the sharer's person agreed to
   alone |-> 0]                     \* ghost: ticks since one end is over and the other is not

Y(st, ho, so) == [st |-> st, out |-> <<ho, so>>]

-----------------------------------------------------------------------------
(* The relay: RDV-30, RDV-10, HOLD-3, HOLD-9. *)
RelayToH(x, item) == IF x.hc = "up" /\ x.h.ph # "ended" THEN [x EXCEPT !.toH = Append(@, item)] ELSE x
RelayToS(x, item) == IF x.sc = "up" /\ x.s.ph # "ended" THEN [x EXCEPT !.toS = Append(@, item)] ELSE x
Joined2(x)        == x.rel = "paired" /\ x.hh = 0 /\ x.sh = 0
HSends(x, item)   == IF x.hc = "up" /\ Joined2(x) THEN RelayToS(x, item) ELSE x
SSends(x, item)   == IF x.sc = "up" /\ Joined2(x) THEN RelayToH(x, item) ELSE x

Over(x) == [x EXCEPT !.rel = IF Is("relay-keeps-sessions") THEN @ ELSE "over", !.hh = 0, !.sh = 0]
HLeaves(x, code) ==
  IF x.hc # "up" THEN x
  ELSE IF x.rel = "paired" /\ ~Is("leave-not-passed-on")
  THEN IF x.sh = 0 THEN Over(RelayToS(x, <<"gone", code>>)) ELSE Over(x)
  ELSE IF x.rel = "code" THEN [x EXCEPT !.rel = "none"] ELSE x
SLeaves(x, code) ==
  IF x.sc # "up" \/ x.rel # "paired" THEN x
  ELSE IF x.hh = 0 THEN Over(RelayToH(x, <<"gone", code>>)) ELSE Over(x)

(* The relay finds out that a connection is gone. *)
RelayLosesH(x) ==
  IF x.rel = "code" THEN [x EXCEPT !.rel = "none"]
  ELSE IF x.rel # "paired" \/ x.hh # 0 THEN x
  ELSE LET y == [x EXCEPT !.hh = Hold] IN IF x.sh = 0 THEN RelayToS(y, <<"peer-lost">>) ELSE y
RelayLosesS(x) ==
  IF x.rel # "paired" \/ x.sh # 0 THEN x
  ELSE LET y == [x EXCEPT !.sh = Hold] IN IF x.hh = 0 THEN RelayToH(y, <<"peer-lost">>) ELSE y

HCloses(x) == LET y == [x EXCEPT !.hc = "none", !.toH = <<>>]
              IN  IF x.hc = "up" THEN RelayLosesH(y) ELSE y
SCloses(x) == LET y == [x EXCEPT !.sc = "none", !.toS = <<>>]
              IN  IF x.sc = "up" THEN RelayLosesS(y) ELSE y

-----------------------------------------------------------------------------
(* What comes of the step z of an end. *)
First(set) == CHOOSE c \in set : TRUE
HDo(x, z) ==
  LET a == [x EXCEPT !.h = z.st, !.toH = IF z.st.ph = "ended" THEN <<>> ELSE @,
                     !.hf = IF z.st.link = "lost" /\ x.h.link = "up" THEN FALSE ELSE @]
      m == Messages(z.out)
      b == IF m = <<>> THEN a ELSE HSends(a, <<"flight", a.hg, m>>)
      c == IF Left(z.out) = {} THEN b ELSE HLeaves(b, First(Left(z.out)))
  IN  IF LeavesPath(z.out) THEN HCloses(c) ELSE c
SDo(x, z) ==
  LET ev == {e[1] : e \in Events(z.out)}
      a == [x EXCEPT !.s = z.st, !.toS = IF z.st.ph = "ended" THEN <<>> ELSE @,
                     !.sf = IF z.st.link = "lost" /\ x.s.link = "up" THEN FALSE ELSE @,
                     !.perm = IF ev \cap {"control-ended", "frozen", "ended"} # {}
                                 \/ SPaused(z.st) THEN {} ELSE @]
      m == Messages(z.out)
      b == IF m = <<>> THEN a ELSE SSends(a, <<"flight", a.sg, m>>)
      c == IF Left(z.out) = {} THEN b ELSE SLeaves(b, First(Left(z.out)))
  IN  IF LeavesPath(z.out) THEN SCloses(c) ELSE c

OfH(x, z) == Y(HDo(x, z), z.out, <<>>)
OfS(x, z) == Y(SDo(x, z), <<>>, z.out)

-----------------------------------------------------------------------------
(* Deliveries. *)
RECURSIVE HFold(_, _)
HFold(x, ms) == IF ms = <<>> THEN x
  ELSE LET y == HTake(x.st, Head(ms)) IN HFold([st |-> y.st, out |-> x.out \o y.out], Tail(ms))
RECURSIVE SFold(_, _)
SFold(x, ms) == IF ms = <<>> THEN x
  ELSE LET y == IF Head(ms)[1] = "introduce" THEN SIntroduced(x.st) ELSE STake(x.st, Head(ms))
       IN  SFold([st |-> y.st, out |-> x.out \o y.out], Tail(ms))

AtH(x, item) ==
  LET kind == item[1]
      h    == x.h
  IN  CASE kind = "code-issued" -> OfH(x, HIssued(h))
        [] kind = "joined"      -> LET z == HJoined(h) IN
             Y(HSends(HDo(x, z), <<"answer">>), z.out, <<>>)
        [] kind = "confirm"     -> LET z == HSecured(h) IN
             Y(HDo(HSends(x, <<"flight", 0, <<<<"introduce">>>>>>), z), z.out, <<>>)
        [] kind = "gone"        -> OfH(x, HGone(h, item[2]))
        [] kind = "peer-lost"   -> OfH(x, HPeerLost(h))
        [] kind = "frame"       -> OfH(x, HFrame(h, item[2]))
        [] kind = "flight"      ->
             IF h.ph = "idle" \/ (h.link = "lost" /\ ~(x.hf /\ item[2] = x.hg)) THEN OfH(x, X(h))
             ELSE IF item[2] # x.hg THEN OfH(x, HRecordFailed(h))
             ELSE OfH(x, HFold(X(h), item[3]))
AtS(x, item) ==
  LET kind == item[1]
      s    == x.s
  IN  CASE kind = "answer"    -> LET z == SAnswered(s) IN
             Y(SSends(SDo(x, z), <<"confirm">>), <<>>, z.out)
        [] kind = "gone"      -> OfS(x, SRelayEnded(s, item[2]))
        [] kind = "peer-lost" -> OfS(x, SLinkLost(s))
        [] kind = "input"     -> OfS(x, SInput(s, item[2], "pointer"))
        [] kind = "flight"    ->
             IF s.link = "lost" /\ item[2] = x.sg + 1                 \* RECON-17, RECON-22
             THEN OfS([x EXCEPT !.sg = item[2], !.sf = TRUE], SFold(SMasterTaken(s), item[3]))
             ELSE IF s.link = "lost" /\ ~(x.sf /\ item[2] = x.sg) THEN OfS(x, X(s))
             ELSE IF item[2] # x.sg THEN OfS(x, SRecordFailed(s))
             ELSE OfS(x, SFold(X(s), item[3]))

(* Frames and input are on streams of their own; the session plane is in order. *)
Loose(item)   == Reorder /\ item[1] \in {"frame", "input"}
CanCome(q, i) == Loose(q[i]) \/ \A k \in 1..(i - 1) : Loose(q[k])
Without(q, i) == SubSeq(q, 1, i - 1) \o SubSeq(q, i + 1, Len(q))
DeliverH == \E i \in 1..Len(g.toH) :
              /\ CanCome(g.toH, i)
              /\ act' = <<"deliver-h">>
              /\ r' = AtH([g EXCEPT !.toH = Without(@, i)], g.toH[i])
DeliverS == \E i \in 1..Len(g.toS) :
              /\ CanCome(g.toS, i)
              /\ act' = <<"deliver-s">>
              /\ r' = AtS([g EXCEPT !.toS = Without(@, i)], g.toS[i])

-----------------------------------------------------------------------------
HFree    == Len(g.toS) < MaxQueue
SFree    == Len(g.toH) < MaxQueue

(* The helper's person and program. *)
AskCode  == HMayAsk(g.h) /\ g.h.spent = 0 /\ g.hc = "up" /\ act' = <<"ask-code">>
            /\ r' = OfH(RelayToH([g EXCEPT !.rel = "code"], <<"code-issued">>), HAskCode(g.h))
Request  == HFree /\ g.h.lr < MaxRequest /\ HMayRequest(g.h, {"pointer"})
            /\ act' = <<"request", {"pointer"}>> /\ r' = OfH(g, HRequest(g.h, {"pointer"}))
Release  == HFree /\ ~Willing /\ HMayRelease(g.h) /\ act' = <<"release">> /\ r' = OfH(g, HRelease(g.h))
PauseH   == HFree /\ ~Willing /\ HMayPause(g.h) /\ g.s.ep < MaxEpoch + (IF g.h.lp THEN 1 ELSE 0)
            /\ act' = <<"pause-h", ~g.h.lp>> /\ r' = OfH(g, HPause(g.h, ~g.h.lp))
EndH     == HFree /\ ~Willing /\ g.h.ph \notin {"ended", "idle"} /\ act' = <<"end-h">> /\ r' = OfH(g, HEnd(g.h))
Input    == HFree /\ g.h.gr # 0 /\ ~g.typed /\ act' = <<"input">>
            /\ r' = Y(HSends([g EXCEPT !.typed = TRUE], <<"input", g.h.gr>>), <<>>, <<>>)

(* The sharer's person and program. *)
Join     == g.s.ph = "idle" /\ g.h.ph = "waiting" /\ g.rel = "code" /\ g.sc = "up" /\ act' = <<"join">>
            /\ r' = OfS(RelayToH([g EXCEPT !.rel = IF Is("code-lives-on") THEN @ ELSE "paired"],
                             <<"joined">>), SJoin(g.s))
Contact  == SMayContact(g.s) /\ act' = <<"contact", "person">> /\ r' = OfS(g, SContact(g.s, "person"))
Consent  == SMayConsent(g.s, "plain") /\ act' = <<"consent", "plain">>
            /\ r' = OfS([g EXCEPT !.yes = TRUE], SConsented(g.s))
Refuse   == SFree /\ ~Willing /\ SMayRefuse(g.s) /\ act' = <<"refuse">> /\ r' = OfS(g, SRefused(g.s))
Allow    == SFree /\ SMayAllow(g.s, g.s.psc) /\ act' = <<"allow", g.s.psc>>
            /\ r' = LET z == OfS(g, SAllow(g.s, g.s.psc)) IN Y([z.st EXCEPT !.perm = g.s.psc], <<>>, z.out[2])
Deny     == SFree /\ ~Willing /\ SMayDeny(g.s) /\ act' = <<"deny">> /\ r' = OfS(g, SDeny(g.s))
Revoke   == SFree /\ ~Willing /\ SMayRevoke(g.s) /\ act' = <<"revoke">> /\ r' = OfS(g, SRevoke(g.s))
PauseS   == SFree /\ ~Willing /\ SMayPause(g.s) /\ g.s.ep < MaxEpoch + (IF g.s.lp THEN 1 ELSE 0)
            /\ act' = <<"pause-s", ~g.s.lp>> /\ r' = OfS(g, SPause(g.s, ~g.s.lp))
EndS     == SFree /\ ~Willing /\ g.s.ph \notin {"ended", "idle"} /\ act' = <<"end-s">> /\ r' = OfS(g, SEnd(g.s))
Film     == SFree /\ SMediaEpoch(g.s) > g.film /\ act' = <<"film", SMediaEpoch(g.s)>>
            /\ r' = LET e == SMediaEpoch(g.s) IN
                    Y(SSends([g EXCEPT !.film = e, !.s = SFilm(g.s).st], <<"frame", e>>), <<>>, <<>>)

-----------------------------------------------------------------------------
(* The network. A connection carries nothing any more; its client finds out; the relay does. *)
InUse    == g.rel \in {"code", "paired"}
CutH     == InUse /\ g.hc = "up" /\ g.cuts < MaxCuts /\ act' = <<"cut-h">>
            /\ r' = Y([g EXCEPT !.hc = "cut", !.toH = <<>>, !.hf = FALSE, !.cuts = @ + 1], <<>>, <<>>)
CutS     == InUse /\ g.sc = "up" /\ g.s.ph # "idle" /\ g.cuts < MaxCuts /\ act' = <<"cut-s">>
            /\ r' = Y([g EXCEPT !.sc = "cut", !.toS = <<>>, !.hf = FALSE, !.cuts = @ + 1], <<>>, <<>>)
NoticeH  == g.hc = "cut" /\ g.h.ph # "ended" /\ act' = <<"notice-h">>
            /\ r' = OfH([g EXCEPT !.hc = "none"], HLinkLost(g.h))
NoticeS  == g.sc = "cut" /\ g.s.ph # "ended" /\ act' = <<"notice-s">>
            /\ r' = OfS([g EXCEPT !.sc = "none"], SLinkLost(g.s))
RelayNoticesH == g.hc # "up" /\ InUse /\ g.hh = 0 /\ act' = <<"relay-notices-h">>
            /\ r' = Y(RelayLosesH(g), <<>>, <<>>)
RelayNoticesS == g.sc # "up" /\ g.rel = "paired" /\ g.sh = 0 /\ act' = <<"relay-notices-s">>
            /\ r' = Y(RelayLosesS(g), <<>>, <<>>)

(* RECON-10, HOLD-4, HOLD-5, HOLD-7: another connection, and the token. *)
RejoinH  == g.h.link = "lost" /\ g.hc = "none" /\ act' = <<"rejoin-h">>
            /\ r' = IF g.rel # "paired" THEN OfH([g EXCEPT !.hc = "up"], HRelayEnded(g.h, "lost"))
                    ELSE Y([RelayLosesH(g) EXCEPT !.hc = "up", !.hh = 0], <<>>, <<>>)
RejoinS  == g.s.link = "lost" /\ g.sc = "none" /\ act' = <<"rejoin-s">>
            /\ r' = IF g.rel # "paired" THEN OfS([g EXCEPT !.sc = "up"], SRelayEnded(g.s, "lost"))
                    ELSE Y([RelayLosesS(g) EXCEPT !.sc = "up", !.sh = 0], <<>>, <<>>)

(* RECON-11 to RECON-18, in one step: both ends have the next master, the helper says its state. *)
Master   == /\ g.h.link = "lost" /\ ~g.hf /\ g.hc = "up" /\ g.sc = "up" /\ Joined2(g)
            /\ g.toH = <<>> /\ g.toS = <<>>
            /\ g.s.ph \in {"deciding", "viewing"}
            /\ act' = <<"master">>
            /\ r' = LET frozen == SLinkLost(g.s)
                        a      == SDo([g EXCEPT !.sg = g.hg, !.hg = @ + 1, !.hf = TRUE], frozen)
                        z      == HMasterTaken(g.h)
                    IN  Y(HDo(a, z), z.out, frozen.out)

-----------------------------------------------------------------------------
(* Time, when all that was on its way has come. *)
Beats(x)  == x.ph \in {"deciding", "viewing"} /\ x.link = "up"
(* HOLD-3, RDV-11: x was before the tick, y is after what the ends did in it. *)
Kept(n, m) == IF n = 0 THEN m ELSE Down(m)
Expired(x, y) ==
  LET z == [y EXCEPT !.hh = Kept(x.hh, @), !.sh = Kept(x.sh, @)]
  IN  IF y.rel = "paired" /\ ((y.hh = 1 /\ x.hh = 1) \/ (y.sh = 1 /\ x.sh = 1))
      THEN LET toH == IF y.hh = 0 THEN RelayToH(z, <<"gone", "lost">>) ELSE z
           IN  Over(IF y.sh = 0 THEN RelayToS(toH, <<"gone", "lost">>) ELSE toH)
      ELSE z
Ticked(x) ==
  LET hx   == HTick(x.h)
      sx   == STick(x.s)
      a    == SDo(HDo(x, hx), sx)
      both == a.hc = "up" /\ a.sc = "up" /\ Joined2(a) /\ Beats(a.h) /\ Beats(a.s) /\ a.hg = a.sg
      b    == IF both THEN [a EXCEPT !.h = [a.h EXCEPT !.mute = 0], !.s = [a.s EXCEPT !.mute = 0]] ELSE a
      lone == \/ (b.h.ph = "ended" /\ b.s.ph \in {"deciding", "viewing"})
              \/ (b.s.ph = "ended" /\ b.h.ph \in {"deciding", "viewing"})
  IN  Y(Expired(x, [b EXCEPT !.typed = FALSE, !.alone = IF lone THEN @ + 1 ELSE 0]), hx.out, sx.out)
Waits    == Quick /\ ((g.s.ph = "deciding" /\ g.s.link = "up" /\ g.s.t < ConsentTime)
                      \/ (g.s.prq # 0 /\ g.s.pt < PromptTime))
Going    == ~(g.h.ph \in {"idle", "ended"} /\ g.s.ph \in {"idle", "ended"} /\ g.hh = 0 /\ g.sh = 0)
Tick     == g.toH = <<>> /\ g.toS = <<>> /\ ~Waits /\ Going /\ act' = <<"tick">> /\ r' = Ticked(g)

Init == r = Y(Start, <<>>, <<>>) /\ act = <<"start">>
Next == \/ DeliverH \/ DeliverS \/ AskCode \/ Request \/ Release \/ PauseH \/ EndH \/ Input
        \/ Join \/ Contact \/ Consent \/ Refuse \/ Allow \/ Deny \/ Revoke \/ PauseS \/ EndS \/ Film
        \/ CutH \/ CutS \/ NoticeH \/ NoticeS \/ RelayNoticesH \/ RelayNoticesS
        \/ RejoinH \/ RejoinS \/ Master \/ Tick
Spec == Init /\ [][Next]_vars

(* What goes on by itself, and what willing persons do. *)
Fair == /\ WF_vars(DeliverH) /\ WF_vars(DeliverS) /\ WF_vars(Tick)
        /\ WF_vars(AskCode) /\ WF_vars(Join) /\ WF_vars(Contact) /\ WF_vars(Consent)
        /\ WF_vars(NoticeH) /\ WF_vars(NoticeS) /\ WF_vars(RelayNoticesH) /\ WF_vars(RelayNoticesS)
FairSpec == Spec /\ Fair

Obs == <<g.h.ph, HLost(g.h), g.h.gr, g.s.ph, SLost(g.s), SMediaEpoch(g.s), g.s.gr,
         Len(g.toH), Len(g.toS), g.rel = "paired">>

-----------------------------------------------------------------------------
(* The properties, by their numbers in the list of properties. *)
Sees(item) == \/ item[1] = "frame"
              \/ item[1] = "flight" /\ \E i \in 1..Len(item[3]) :
                   \/ item[3][i][1] \in {"consent", "displays", "epoch", "advisory"}
                   \/ item[3][i][1] = "state" /\ item[3][i][3] # {}
P1 == g.yes \/ \A i \in 1..Len(g.toH) : ~Sees(g.toH[i])
P2 == [][\A e \in Events(r'.out[2]) : e[1] = "inject" => e[2] \in g.perm]_vars
P3 == (g.rel = "code") => g.s.ph = "idle"
P5 == [][g.s.ph = "ended" => r'.out[2] = <<>>]_vars
P6 == g.h.gsc \subseteq {"pointer"} /\ g.s.gsc \subseteq {"pointer"}
P7 == [][act'[1] \in {"tick", "deliver-s", "deliver-h"} =>
           \A e \in Events(r'.out[2]) : e[1] \notin {"viewing", "control-granted"}]_vars
P8 == (SLost(g.s) \/ SPaused(g.s)) => g.s.gr = 0
(* Nobody is blamed where all are honest: frames of a paused or dead epoch never come (4) either. *)
Blame   == {"unexpected-message", "scope-exceeded", "paused-media", "record-failed"}
NoBlame == g.h.code \notin Blame /\ g.s.code \notin Blame
(* An end is known to the other within a delivery, or, where nothing comes through, in 36 s. *)
P10 == /\ g.alone <= 14
       /\ (g.h.ph = "ended" /\ g.toS = <<>> /\ g.hc = "up" /\ g.sc = "up" /\ g.cuts = 0)
             => g.s.ph \in {"idle", "ended"}
       /\ (g.s.ph = "ended" /\ g.toH = <<>> /\ g.hc = "up" /\ g.sc = "up" /\ g.cuts = 0)
             => g.h.ph \in {"idle", "ended"}
(* Under fairness, and with willing persons. *)
P11a == <>(g.h.ph = "viewing" /\ SMediaEpoch(g.s) # 0)
P11b == [](g.h.rq # 0 => <>(g.h.rq = 0))
P11c == [](g.h.ph = "ended" \/ g.s.ph = "ended" => <>(g.rel \in {"none", "over"}))
=============================================================================
