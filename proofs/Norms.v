(** Powers of numbers >= 0 with real exponents, and sums of powers: Young's and Hoelder's
    inequality, tangents, convexity. *)

From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Hconsist Require Import Sums Convex Powers Shapes UpperSide.
Open Scope R_scope.

Lemma rpow_nonneg x e : 0 <= rpow x e.
Proof. unfold rpow. destruct (Rle_dec x 0); [lra|]. left. apply exp_pos. Qed.

Lemma rpow_one e : rpow 1 e = 1.
Proof. rewrite rpow_exp by lra. rewrite ln_1, Rmult_0_r. apply exp_0. Qed.

Lemma rpow_unit x : 0 <= x -> rpow x 1 = x.
Proof.
  intros [H|<-]; [|apply rpow_zero]. rewrite rpow_exp, Rmult_1_l by assumption. now apply exp_ln.
Qed.

Lemma rpow_null x : 0 < x -> rpow x 0 = 1.
Proof. intro H. rewrite rpow_exp, Rmult_0_l by assumption. apply exp_0. Qed.

Lemma rpow_plus x d e : 0 <= x -> rpow x (d + e) = rpow x d * rpow x e.
Proof.
  intros [H|<-]; [|rewrite !rpow_zero; ring]. rewrite !rpow_exp by assumption.
  rewrite <- exp_plus. f_equal. ring.
Qed.

Lemma rpow_rpow x d e : 0 <= x -> rpow (rpow x d) e = rpow x (d * e).
Proof.
  intros [H|<-]; [|now rewrite !rpow_zero].
  rewrite rpow_exp by (now apply rpow_positive). rewrite !rpow_exp by assumption.
  rewrite ln_exp. f_equal. ring.
Qed.

Lemma rpow_mult x y e : 0 <= x -> 0 <= y -> rpow (x * y) e = rpow x e * rpow y e.
Proof.
  intros [Hx|<-] [Hy|<-]; rewrite ?Rmult_0_l, ?Rmult_0_r, ?rpow_zero; try ring.
  rewrite !rpow_exp by (try assumption; now apply Rmult_lt_0_compat).
  rewrite ln_mult by assumption. rewrite <- exp_plus. f_equal. ring.
Qed.

Lemma rpow_monotone x y e : 0 <= x <= y -> 0 <= e -> rpow x e <= rpow y e.
Proof.
  intros [[Hx|<-] Hxy] He; [|rewrite rpow_zero; apply rpow_nonneg].
  rewrite !rpow_exp by lra.
  assert (ln x <= ln y) as Hl.
  { destruct Hxy as [H| ->]; [left; now apply ln_increasing|lra]. }
  assert (e * ln x <= e * ln y) as H by (now apply Rmult_le_compat_l).
  destruct H as [H| ->]; [left; now apply exp_increasing|lra].
Qed.

(** Young: x^(1 - e) y^e <= (1 - e) x + e y. *)
Lemma young x y e :
  0 <= x -> 0 <= y -> 0 < e < 1 -> rpow x (1 - e) * rpow y e <= (1 - e) * x + e * y.
Proof.
  intros [Hx|<-] [Hy|<-] He; rewrite ?rpow_zero; try nra.
  rewrite !rpow_exp by assumption. rewrite <- exp_plus.
  set (l := (1 - e) * ln x + e * ln y).
  assert (forall z, 0 < z -> exp l * (1 + (ln z - l)) <= z) as H.
  { intros z Hz. replace z with (exp l * exp (ln z - l)) at 2.
    - apply Rmult_le_compat_l; [left; apply exp_pos|]. apply exp_ineq1_le.
    - rewrite <- exp_plus. replace (l + (ln z - l)) with (ln z) by ring. now apply exp_ln. }
  pose proof (H x Hx) as H1. pose proof (H y Hy) as H2.
  assert ((1 - e) * (exp l * (1 + (ln x - l))) + e * (exp l * (1 + (ln y - l))) = exp l) as E.
  { replace ((1 - e) * (exp l * (1 + (ln x - l))) + e * (exp l * (1 + (ln y - l))))
      with (exp l * (1 + ((1 - e) * ln x + e * ln y - l))) by ring.
    fold l. ring. }
  assert ((1 - e) * (exp l * (1 + (ln x - l))) <= (1 - e) * x) by (apply Rmult_le_compat_l; lra).
  assert (e * (exp l * (1 + (ln y - l))) <= e * y) by (apply Rmult_le_compat_l; lra).
  lra.
Qed.

(** Tangents of z^a, a > 1, from below. *)
Lemma power_tangent y z a :
  0 <= y -> 0 <= z -> 1 < a -> rpow y a + a * rpow y (a - 1) * (z - y) <= rpow z a.
Proof.
  intros Hy Hz Ha.
  assert (0 < / a < 1) as Hi.
  { split; [apply Rinv_0_lt_compat; lra|]. rewrite <- Rinv_1. apply Rinv_lt_contravar; lra. }
  pose proof (young (rpow y a) (rpow z a) (/ a) (rpow_nonneg _ _) (rpow_nonneg _ _) Hi) as H.
  rewrite !rpow_rpow in H by assumption.
  replace (a * (1 - / a)) with (a - 1) in H by (field; lra).
  rewrite Rinv_r, (rpow_unit z) in H by lra.
  assert (rpow y a = rpow y (a - 1) * y) as E.
  { rewrite <- (rpow_unit y) at 3 by assumption. rewrite <- rpow_plus by assumption.
    f_equal. ring. }
  apply Rmult_le_compat_l with (r := a) in H; [|lra].
  replace (a * ((1 - / a) * rpow y a + / a * rpow z a)) with ((a - 1) * rpow y a + rpow z a) in H
    by (field; lra).
  rewrite E in *. nra.
Qed.

(** z^e, 0 < e <= 1, is concave on z >= 0. *)
Lemma power_concave e : 0 < e <= 1 -> convex_on (fun x => 0 <= x) (fun x => - rpow x e).
Proof.
  intros [He He1] x y t Hx Hy Ht.
  destruct He1 as [He1| ->].
  2: { rewrite !rpow_unit by nra. lra. }
  set (m := t * x + (1 - t) * y).
  assert (0 <= m) as Hm by (unfold m; nra).
  assert (t * rpow x e + (1 - t) * rpow y e <= rpow m e) as H; [|lra].
  destruct Hm as [Hm|Hm].
  - assert (0 < rpow m (1 - e)) as Hp by (now apply rpow_positive).
    assert (forall z, 0 <= z -> rpow m (1 - e) * rpow z e <= (1 - e) * m + e * z) as Y
      by (intros; apply young; lra).
    assert (rpow m (1 - e) * rpow m e = m) as E.
    { rewrite <- rpow_plus by lra. replace (1 - e + e) with 1 by ring. apply rpow_unit. lra. }
    pose proof (Y x Hx) as Yx. pose proof (Y y Hy) as Yy.
    apply Rmult_le_reg_l with (rpow m (1 - e)); [assumption|].
    rewrite E.
    assert (t * (rpow m (1 - e) * rpow x e) <= t * ((1 - e) * m + e * x))
      by (apply Rmult_le_compat_l; lra).
    assert ((1 - t) * (rpow m (1 - e) * rpow y e) <= (1 - t) * ((1 - e) * m + e * y))
      by (apply Rmult_le_compat_l; lra).
    unfold m in *. nra.
  - (* both are 0 where they count *)
    rewrite <- Hm, rpow_zero.
    assert (t * x = 0 /\ (1 - t) * y = 0) as [E1 E2] by (unfold m in Hm; nra).
    assert (t * rpow x e = 0) as ->.
    { apply Rmult_integral in E1. destruct E1 as [->| ->]; [ring|rewrite rpow_zero; ring]. }
    apply Rmult_integral in E2. destruct E2 as [->| ->]; [lra|rewrite rpow_zero; lra].
Qed.

(** Hoelder: the sum of q_y S_y^e is at most (the sum of q_y^a)^(1/a), 1/a = 1 - e, S of sum 1. *)
Lemma hoelder n q S e a :
  0 < e < 1 -> a * (1 - e) = 1 ->
  (forall y, (y < n)%nat -> 0 <= q y) -> (forall y, (y < n)%nat -> 0 <= S y) -> sum n S <= 1 ->
  0 < sum n (fun y => rpow (q y) a) ->
  sum n (fun y => q y * rpow (S y) e) <= rpow (sum n (fun y => rpow (q y) a)) (1 - e).
Proof.
  intros He Ha Hq HS H1 HQ.
  set (Q := sum n (fun y => rpow (q y) a)) in *.
  assert (0 < rpow Q (1 - e)) as HN by (now apply rpow_positive).
  assert (0 < / Q) as HQi by (now apply Rinv_0_lt_compat).
  apply Rle_trans with
    (sum n (fun y => rpow Q (1 - e) * ((1 - e) * (/ Q * rpow (q y) a) + e * S y))).
  - apply sum_le. intros y Hy. specialize (Hq y Hy). specialize (HS y Hy).
    assert (q y * rpow (S y) e
            = rpow Q (1 - e) * (rpow (/ Q * rpow (q y) a) (1 - e) * rpow (S y) e)) as ->.
    { rewrite rpow_mult by (try apply rpow_nonneg; lra).
      rewrite rpow_rpow, Ha, rpow_unit by assumption.
      rewrite <- !Rmult_assoc. rewrite <- rpow_mult by lra. rewrite Rinv_r by lra.
      rewrite rpow_one. ring. }
    apply Rmult_le_compat_l; [lra|]. apply young; try assumption.
    apply Rmult_le_pos; [lra|apply rpow_nonneg].
  - rewrite sum_scal, sum_plus, !sum_scal. fold Q. rewrite Rinv_l by lra.
    replace (rpow Q (1 - e)) with (rpow Q (1 - e) * 1) at 2 by ring.
    apply Rmult_le_compat_l; [lra|]. nra.
Qed.

(** It is attained: S proportional to q^a. *)
Lemma hoelder_attained n q e a :
  0 < e < 1 -> a * (1 - e) = 1 -> (forall y, (y < n)%nat -> 0 <= q y) ->
  0 < sum n (fun y => rpow (q y) a) ->
  sum n (fun y => q y * rpow (/ sum n (fun y => rpow (q y) a) * rpow (q y) a) e)
  = rpow (sum n (fun y => rpow (q y) a)) (1 - e).
Proof.
  intros He Ha Hq HQ. set (Q := sum n (fun y => rpow (q y) a)) in *.
  assert (0 < / Q) as HQi by (now apply Rinv_0_lt_compat).
  rewrite (sum_ext n _ (fun y => rpow (/ Q) e * rpow (q y) a)).
  - rewrite sum_scal. fold Q. rewrite <- (rpow_unit Q) at 2 by lra.
    replace 1 with (e + (1 - e)) by ring. rewrite rpow_plus by lra.
    rewrite <- Rmult_assoc, <- rpow_mult by lra. rewrite Rinv_l by lra. rewrite rpow_one.
    rewrite Rmult_1_l. f_equal. ring.
  - intros y Hy. rewrite rpow_mult by (try apply rpow_nonneg; lra).
    rewrite rpow_rpow by auto.
    assert (rpow (q y) a = q y * rpow (q y) (a * e)) as E.
    { rewrite <- (rpow_unit (q y)) at 2 by auto. rewrite <- rpow_plus by auto. f_equal. lra. }
    rewrite E. ring.
Qed.

(** (m + d)^a + (m - d)^a - 2 m^a does not increase in m, for 1 < a <= 2. *)
Lemma spread_falls a d m m' :
  1 < a <= 2 -> 0 <= d <= m -> m <= m' ->
  rpow (m' + d) a + rpow (m' - d) a - 2 * rpow m' a
  <= rpow (m + d) a + rpow (m - d) a - 2 * rpow m a.
Proof.
  intros Ha Hd [Hm| <-]; [|lra].
  destruct (mean_value (fun x => rpow (x + d) a + rpow (x - d) a - 2 * rpow x a)
              (fun x => a * rpow (x + d) (a - 1) + a * rpow (x - d) (a - 1)
                        - 2 * (a * rpow x (a - 1))) m m' Hm) as (c & Hc & E).
  - intros x Hx.
    apply (is_derive_minus (fun x => rpow (x + d) a + rpow (x - d) a) (fun x => 2 * rpow x a)).
    + apply (is_derive_plus (fun x => rpow (x + d) a) (fun x => rpow (x - d) a)).
      * replace (a * rpow (x + d) (a - 1)) with (scal 1 (a * rpow (x + d) (a - 1)))
          by (unfold scal; simpl; unfold mult; simpl; ring).
        apply (is_derive_comp (fun y => rpow y a) (fun x => x + d)).
        -- apply is_derive_rpow. lra.
        -- auto_derive; [exact I|ring].
      * replace (a * rpow (x - d) (a - 1)) with (scal 1 (a * rpow (x - d) (a - 1)))
          by (unfold scal; simpl; unfold mult; simpl; ring).
        apply (is_derive_comp (fun y => rpow y a) (fun x => x - d)).
        -- apply is_derive_rpow. lra.
        -- auto_derive; [exact I|ring].
    + apply (is_derive_scal (fun y => rpow y a)). apply is_derive_rpow. lra.
  - intros x Hx.
    apply (continuous_minus (fun x => rpow (x + d) a + rpow (x - d) a) (fun x => 2 * rpow x a)).
    + apply (continuous_plus (fun x => rpow (x + d) a) (fun x => rpow (x - d) a)).
      * apply (continuous_comp (fun x => x + d) (fun y => rpow y a)).
        -- apply (ex_derive_continuous (fun x => x + d)). auto_derive. exact I.
        -- apply continuous_rpow. lra.
      * apply (continuous_comp (fun x => x - d) (fun y => rpow y a)).
        -- apply (ex_derive_continuous (fun x => x - d)). auto_derive. exact I.
        -- apply continuous_rpow. lra.
    + apply (continuous_scal_r 2 (fun x => rpow x a)). apply continuous_rpow. lra.
  - pose proof (power_concave (a - 1) ltac:(lra) (c + d) (c - d) (1 / 2)
                  ltac:(simpl; lra) ltac:(simpl; lra) ltac:(lra)) as K.
    replace (1 / 2 * (c + d) + (1 - 1 / 2) * (c - d)) with c in K by field.
    assert (a * (rpow (c + d) (a - 1) + rpow (c - d) (a - 1) - 2 * rpow c (a - 1)) <= 0) by nra.
    cbv beta in E. nra.
Qed.
