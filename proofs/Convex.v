(** Convex and non-increasing functions of one variable, without derivatives. *)

From Coq Require Import Reals Lra Lia Arith.
From Hconsist Require Import Sums.
Open Scope R_scope.

Definition convex_on (D : R -> Prop) (g : R -> R) : Prop :=
  forall x y t, D x -> D y -> 0 <= t <= 1 ->
  g (t * x + (1 - t) * y) <= t * g x + (1 - t) * g y.

Definition concave_on (D : R -> Prop) (g : R -> R) : Prop := convex_on D (fun x => - g x).

Definition nonincreasing_on (D : R -> Prop) (g : R -> R) : Prop :=
  forall x y, D x -> D y -> x <= y -> g y <= g x.

(** The softmax values of finite scores, and with their limits. *)
Definition unit_open (x : R) : Prop := 0 < x <= 1.
Definition unit_closed (x : R) : Prop := 0 <= x <= 1.

Definition interval_set (D : R -> Prop) : Prop :=
  forall x y z, D x -> D z -> x <= y <= z -> D y.

Lemma unit_open_interval : interval_set unit_open.
Proof. unfold interval_set, unit_open. intros. lra. Qed.

Lemma unit_closed_interval : interval_set unit_closed.
Proof. unfold interval_set, unit_closed. intros. lra. Qed.

(** Three points: the middle value lies under the chord. *)
Lemma convex_chord D g x y z :
  convex_on D g -> D x -> D z -> x <= y <= z ->
  (z - x) * g y <= (z - y) * g x + (y - x) * g z.
Proof.
  intros Hc Hx Hz Hy.
  destruct (Req_dec z x) as [->|Hne].
  - assert (y = x) as -> by lra. lra.
  - assert (0 < z - x) as Hp by lra.
    assert (y = (z - y) / (z - x) * x + (1 - (z - y) / (z - x)) * z) as Ey by (field; lra).
    assert (g y <= (z - y) / (z - x) * g x + (1 - (z - y) / (z - x)) * g z) as H.
    { rewrite Ey at 1. apply Hc; auto. split.
      - apply Rmult_le_pos; [lra|]. left. now apply Rinv_0_lt_compat.
      - apply Rmult_le_reg_r with (z - x); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l
        by lra. lra. }
    apply Rmult_le_compat_l with (r := z - x) in H; [|lra].
    replace ((z - x) * ((z - y) / (z - x) * g x + (1 - (z - y) / (z - x)) * g z))
      with ((z - y) * g x + (y - x) * g z) in H by (field; lra).
    exact H.
Qed.

(** A step of the same length falls less further on: g x - g (x + h) >= g z - g (z + h) for x <= z.
    *)
Lemma convex_steps D g x z h :
  convex_on D g -> D x -> D (z + h) -> x <= z -> 0 <= h ->
  g z - g (z + h) <= g x - g (x + h).
Proof.
  intros Hc Hx Hz Hxz Hh.
  destruct (Req_dec (z + h) x) as [E|Hne].
  - assert (z = x) as -> by lra. lra.
  - pose proof (convex_chord D g x (x + h) (z + h) Hc Hx Hz ltac:(lra)) as H1.
    pose proof (convex_chord D g x z (z + h) Hc Hx Hz ltac:(lra)) as H2.
    apply Rmult_le_reg_l with (z + h - x); [lra|]. nra.
Qed.

(** Between two points, a part theta of a step changes g by at most theta times the whole change. *)
Lemma convex_part D g x y theta :
  convex_on D g -> D x -> D y -> 0 <= theta <= 1 ->
  g (x + theta * (y - x)) <= g x + theta * (g y - g x).
Proof.
  intros Hc Hx Hy Ht.
  replace (x + theta * (y - x)) with (theta * y + (1 - theta) * x) by ring.
  pose proof (Hc y x theta Hy Hx Ht). lra.
Qed.

(** Jensen's inequality for finitely many points: weights w >= 0 of sum 1. *)
Lemma jensen D g n (w x : nat -> R) :
  interval_set D -> convex_on D g ->
  (forall i, (i < n)%nat -> 0 <= w i) -> (forall i, (i < n)%nat -> D (x i)) -> sum n w = 1 ->
  D (sum n (fun i => w i * x i)) /\
  g (sum n (fun i => w i * x i)) <= sum n (fun i => w i * g (x i)).
Proof.
  intros HD Hc Hw Hx H1.
  assert (forall m, (m <= n)%nat -> 0 < sum m w ->
    D (sum m (fun i => w i * x i) / sum m w) /\
    sum m w * g (sum m (fun i => w i * x i) / sum m w) <= sum m (fun i => w i * g (x i))) as H.
  { induction m as [|m IH]; intros Hm Hp; [simpl in Hp; lra|].
    simpl in Hp |- *.
    assert (0 <= w m) as Hwm by (apply Hw; lia).
    assert (0 <= sum m w) as Hsm by (apply sum_nonneg; intros; apply Hw; lia).
    destruct Hsm as [Hsm|Hsm].
    - destruct (IH ltac:(lia) Hsm) as [IHD IHg].
      set (W := sum m w) in *. set (X := sum m (fun i => w i * x i)) in *.
      assert (D (x m)) as Dxm by (apply Hx; lia).
      assert (0 <= W / (W + w m) <= 1) as Ht.
      { split; [apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]|].
        apply Rmult_le_reg_r with (W + w m); [lra|].
        unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
      assert ((X + w m * x m) / (W + w m)
              = W / (W + w m) * (X / W) + (1 - W / (W + w m)) * x m) as E by (field; lra).
      split.
      + rewrite E. destruct (Rle_dec (X / W) (x m)).
        * apply HD with (X / W) (x m); auto. nra.
        * apply HD with (x m) (X / W); auto. nra.
      + rewrite E. pose proof (Hc (X / W) (x m) (W / (W + w m)) IHD Dxm Ht) as H.
        apply Rmult_le_compat_l with (r := W + w m) in H; [|lra].
        replace ((W + w m) * (W / (W + w m) * g (X / W) + (1 - W / (W + w m)) * g (x m)))
          with (W * g (X / W) + w m * g (x m)) in H by (field; lra).
        lra.
    - assert (forall k, (k < m)%nat -> w k = 0) as Hz.
      { intros k Hk. apply Rle_antisym; [|apply Hw; lia]. rewrite Hsm.
        apply (sum_member m w k); [intros; apply Hw; lia|assumption]. }
      rewrite <- Hsm.
      rewrite (sum_ext m (fun i => w i * x i) (fun _ => 0))
        by (intros; rewrite Hz by assumption; ring).
      rewrite (sum_ext m (fun i => w i * g (x i)) (fun _ => 0))
        by (intros; rewrite Hz by assumption; ring).
      rewrite !sum_zero. rewrite <- Hsm in Hp.
      replace ((0 + w m * x m) / (0 + w m)) with (x m) by (field; lra).
      split; [apply Hx; lia|lra]. }
  destruct (H n (le_n n) ltac:(lra)) as [A B].
  rewrite H1 in A, B. unfold Rdiv in A, B. rewrite Rinv_1, Rmult_1_r in A, B.
  rewrite Rmult_1_l in B. split; assumption.
Qed.

(** A convex function has a supporting line at every inner point: the least upper bound of the
    slopes from the left is at most every slope to the right. *)
Lemma supporting_line D g lo c hi :
  convex_on D g -> interval_set D -> D lo -> D hi -> lo < c < hi ->
  exists d, forall x, D x -> g c + d * (x - c) <= g x.
Proof.
  intros Hc HD Hlo Hhi H.
  assert (D c) as Hcc by (apply HD with lo hi; auto; lra).
  pose (E := fun s => exists x, D x /\ x < c /\ s = (g c - g x) / (c - x)).
  assert (forall x y, D x -> D y -> x < c < y -> (g c - g x) / (c - x) <= (g y - g c) / (y - c))
    as Hs.
  { intros x y Hx Hy Hxy.
    pose proof (convex_chord D g x c y Hc Hx Hy ltac:(lra)) as K.
    apply Rmult_le_reg_r with ((c - x) * (y - c)); [apply Rmult_lt_0_compat; lra|].
    replace ((g c - g x) / (c - x) * ((c - x) * (y - c))) with ((g c - g x) * (y - c))
      by (field; lra).
    replace ((g y - g c) / (y - c) * ((c - x) * (y - c))) with ((g y - g c) * (c - x))
      by (field; lra).
    nra. }
  destruct (completeness E) as [d [Hup Hleast]].
  { exists ((g hi - g c) / (hi - c)). intros s (x & Hx & Hxc & ->). apply Hs; auto; lra. }
  { exists ((g c - g lo) / (c - lo)). exists lo. repeat split; auto; lra. }
  exists d. intros x Hx.
  destruct (Rtotal_order x c) as [Hlt|[->|Hgt]]; [|lra|].
  - assert ((g c - g x) / (c - x) <= d) as K by (apply Hup; exists x; auto).
    apply Rmult_le_compat_r with (r := c - x) in K; [|lra].
    unfold Rdiv in K. rewrite Rmult_assoc, Rinv_l in K by lra. nra.
  - assert (d <= (g x - g c) / (x - c)) as K.
    { apply Hleast. intros s (y & Hy & Hyc & ->). apply Hs; auto; lra. }
    apply Rmult_le_compat_r with (r := x - c) in K; [|lra].
    unfold Rdiv in K. rewrite Rmult_assoc, Rinv_l in K by lra. nra.
Qed.
