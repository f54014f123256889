-------------------------------- MODULE Base --------------------------------
(***************************************************************************)
(* What all parts of the model share: timers, scopes, and how a step says  *)
(* what comes of it.                                                       *)
(*                                                                         *)
(* Time is a tick of 2.5 seconds, which every timer but three divides; the *)
(* three are rounded up.  A heartbeat is due at every tick, and is         *)
(* delivered or lost within it.                                            *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANT
  Fault,     \* the guard that is switched off, or "none"
  Ceiling    \* the most that both ends allow: a set of scopes

(* Timers of spec/registry.toml, in ticks. *)
JoinTime     == 28   \* join-delay-most + handshake
Handshake    == 4
ConsentTime  == 48   \* consent-prompt
PromptTime   == 24   \* control-prompt
AfterConsent == 2    \* control-after-consent
AfterDenial  == 4    \* control-after-denial
Silence      == 2
Reconnect    == 12
Hold         == 15   \* reconnect-hold, rounded up
GrantTime    == 3    \* what the person gives here
GrantLimit   == 360

(* "annotate" tells a grant with tools from one without, as the state tables do. *)
Typed        == {"pointer", "keyboard"}
Grantable    == Typed \cup {"annotate"}
Consentable  == {"view", "chat"}

Is(fault)    == Fault = fault

(* A step takes a state and what was put out so far, and adds to both. *)
X(st)        == [st |-> st, out |-> <<>>]
Put(x, st)   == [x EXCEPT !.st = st]
Say(x, m)    == [x EXCEPT !.out = Append(@, <<"send", m>>)]
Tell(x, e)   == [x EXCEPT !.out = Append(@, <<"event", e>>)]
Leave(x, c)  == [x EXCEPT !.out = Append(@, <<"leave", c>>)]
NewPath(x)   == [x EXCEPT !.out = Append(@, <<"new-path">>)]

(* RECON-7: what was to be sealed is taken back. *)
Hush(x)      == [x EXCEPT !.out = SelectSeq(@, LAMBDA o : o[1] # "send")]

(* What was said in a step, in order. *)
Messages(out) == LET sends == SelectSeq(out, LAMBDA o : o[1] = "send")
                 IN  [i \in 1..Len(sends) |-> sends[i][2]]
Events(out)  == {out[i][2] : i \in {j \in 1..Len(out) : out[j][1] = "event"}}
Left(out)    == {out[i][2] : i \in {j \in 1..Len(out) : out[j][1] = "leave"}}
LeavesPath(out) == \E i \in 1..Len(out) : out[i][1] = "new-path"

Down(n)      == IF n > 0 THEN n - 1 ELSE 0
=============================================================================
