(** From the inside of pieces to all of [0, 1]: levels of a curve, and ends of pieces.

    T does not decrease, so T >= claim passes to the upper end of an interval where the claim is
    continuous from the left; bounds of ties pass to both ends. *)

From Coq Require Import Reals Lra Lia Arith Ranalysis5.
From Coquelicot Require Import Coquelicot.
From Hconsist Require Import Definitions Softmax UpperSide.
From Hconsist Require ConcaveLosses.
Open Scope R_scope.

(** A curve that is continuous from lo to hi takes every number strictly between its ends inside. *)
Lemma levels (at_ : R -> R) lo hi b :
  lo < hi -> (forall x, lo <= x <= hi -> continuous at_ x) ->
  (at_ lo < b < at_ hi \/ at_ hi < b < at_ lo) -> exists x, lo < x < hi /\ at_ x = b.
Proof.
  intros Hlh Hc Hb.
  assert (forall k x, lo <= x <= hi -> continuity_pt (fun y => k * (at_ y - b)) x) as Hc'.
  { intros k x Hx. apply continuity_pt_mult; [apply continuity_pt_const; intros u v; reflexivity|].
    apply continuity_pt_minus; [|apply continuity_pt_const; intros u v; reflexivity].
    apply continuity_pt_filterlim. now apply Hc. }
  destruct Hb as [Hb|Hb].
  - destruct (IVT_interv (fun y => 1 * (at_ y - b)) lo hi (Hc' 1) Hlh) as (x & Hx & E); [lra|lra|].
    exists x. split; [|lra].
    destruct (Req_dec x lo) as [->|]; [lra|]. destruct (Req_dec x hi) as [->|]; lra.
  - destruct (IVT_interv (fun y => -1 * (at_ y - b)) lo hi (Hc' (-1)) Hlh) as (x & Hx & E);
      [lra|lra|].
    exists x. split; [|lra].
    destruct (Req_dec x lo) as [->|]; [lra|]. destruct (Req_dec x hi) as [->|]; lra.
Qed.

Lemma near (f : R -> R) (S : R -> Prop) b eps :
  continuous f b -> 0 < eps -> (forall d, 0 < d -> exists c, S c /\ Rabs (c - b) < d) ->
  exists c, S c /\ Rabs (f c - f b) < eps.
Proof.
  intros Hc He Hs.
  destruct (Hc (fun z => Rabs (z - f b) < eps)) as [d Hd].
  { exists (mkposreal eps He). intros z Hz. exact Hz. }
  destruct (Hs d (cond_pos d)) as (c & Sc & Hcd). exists c. split; [assumption|].
  apply Hd. exact Hcd.
Qed.

(** What bounds f inside an interval bounds it at either end, where f is continuous. *)
Lemma at_least_at_end (f : R -> R) v b lo hi :
  lo < hi -> lo <= b <= hi -> continuous f b ->
  (forall c, lo < c < hi -> v <= f c) -> v <= f b.
Proof.
  intros Hlh Hb Hc H. apply le_epsilon. intros eps He.
  destruct (near f (fun c => lo < c < hi) b eps Hc He) as (c & Sc & Hv).
  - intros d Hd. set (e := Rmin d (hi - lo) / 3).
    assert (0 < e <= d / 3 /\ e <= (hi - lo) / 3) as (He1 & He2).
    { unfold e. pose proof (Rmin_l d (hi - lo)). pose proof (Rmin_r d (hi - lo)).
      assert (0 < Rmin d (hi - lo)) by (apply Rmin_glb_lt; lra). lra. }
    destruct (Rle_dec b ((lo + hi) / 2)).
    + exists (b + e). split; [lra|]. apply Rabs_def1; lra.
    + exists (b - e). split; [lra|]. apply Rabs_def1; lra.
  - specialize (H c Sc). apply Rabs_def2 in Hv. lra.
Qed.

Lemma at_most_at_end (f : R -> R) v b lo hi :
  lo < hi -> lo <= b <= hi -> continuous f b ->
  (forall c, lo < c < hi -> f c <= v) -> f b <= v.
Proof.
  intros Hlh Hb Hc H. enough (- v <= - f b) by lra.
  apply (at_least_at_end (fun c => - f c) (- v) b lo hi Hlh Hb).
  - exact (continuous_opp (V := R_NormedModule) f b Hc).
  - intros c Sc. specialize (H c Sc). lra.
Qed.

Lemma T_at_upper_end P (claim : R -> R) a b :
  a < b -> continuous claim b -> (forall c, a < c < b -> T_at_least P c (claim c)) ->
  T_at_least P b (claim b).
Proof.
  intros Hab Hc H p s r c Hp Hs Hr Hpr Hb HC.
  apply (at_most_at_end claim _ b a b Hab); [lra|assumption|].
  intros d Hd. apply (H d Hd p s r c); auto; lra.
Qed.

(** T(0) >= 0, whatever the claim says below. *)
Lemma T_at_zero P v : v <= 0 -> T_at_least P 0 v.
Proof.
  intros Hv p s r c _ Hs _ _ _ [Hlow _].
  assert (c <= risk P s p) by (apply Hlow; now exists s). lra.
Qed.

(** Bounds of ties, at a lower or upper end. *)
Lemma tie_bound_at_end g (claim : R -> R) b lo hi :
  lo < hi -> lo <= b <= hi -> continuous claim b ->
  (forall c, lo < c < hi -> tie_bound g c (claim c)) -> tie_bound g b (claim b).
Proof.
  intros Hlh Hb Hc H s Hs. enough (g (1 / 2) <= claim b + two_label_risk g b s) by lra.
  apply (at_least_at_end (fun c => claim c + two_label_risk g c s) _ b lo hi Hlh Hb).
  - apply (continuous_plus (V := R_NormedModule)); [assumption|].
    unfold two_label_risk.
    apply (ex_derive_continuous (fun c => 1 / 2 * ((1 + c) * g s + (1 - c) * g (1 - s)))).
    auto_derive. exact I.
  - intros c Sc. specialize (H c Sc s Hs). lra.
Qed.

(** A loss that is continuous at 1 has no jump there. *)
Lemma no_jump (g : R -> R) : continuous g 1 -> ConcaveLosses.continuous_at_one g.
Proof.
  intros Hc eps He.
  destruct (Hc (fun z => Rabs (z - g 1) < eps)) as [d Hd].
  { exists (mkposreal eps He). intros z Hz. exact Hz. }
  pose proof (cond_pos d) as Hd0.
  exists (Rmin d 1 / 2). pose proof (Rmin_l d 1). pose proof (Rmin_r d 1).
  assert (0 < Rmin d 1) by (apply Rmin_glb_lt; lra). split; [lra|].
  intros x Hx. assert (Rabs (g x - g 1) < eps) as K.
  { apply Hd. apply Rabs_def1; unfold minus, plus, opp; simpl; lra. }
  apply Rabs_def2 in K. lra.
Qed.
