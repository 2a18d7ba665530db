(** What each theorem assumes, printed: `make axioms`. *)

From Hconsist Require PairLemma ConcaveLosses UpperSide Margin IntegratedBound Pooling PlugIn.
From Hconsist Require Shapes Ends Formulas Powers Above Gamma MarginPoints Gaps Costs.
From Hconsist Require TheoremA TopLabels TopTies Bounded BoundedAbove Scores.

Print Assumptions IntegratedBound.integrated_bound.
Print Assumptions IntegratedBound.bound_with_gap.
Print Assumptions Pooling.pooling_lemma.
Print Assumptions Pooling.star_shape.
Print Assumptions PairLemma.pair_lemma.
Print Assumptions PairLemma.two_labels.
Print Assumptions PairLemma.scaling_losses.
Print Assumptions TheoremA.theorem_A.
Print Assumptions ConcaveLosses.theorem_C.
Print Assumptions ConcaveLosses.concave_pair_lemma.
Print Assumptions UpperSide.upper_side.
Print Assumptions Margin.margin_lemma.
Print Assumptions PlugIn.plug_in_certificate.
Print Assumptions Shapes.convex_from_bend.
Print Assumptions Shapes.rung.
Print Assumptions Ends.T_at_upper_end.
Print Assumptions Ends.tie_bound_at_end.
Print Assumptions Above.T_at_most_by_scores.
Print Assumptions Above.convex_risk_below.
Print Assumptions Above.concave_risk_below.
Print Assumptions Above.T_at_most_at_point.
Print Assumptions Above.T_zero_at_most.
Print Assumptions Gamma.Gamma_by_line.
Print Assumptions Gamma.Gamma_violated.
Print Assumptions Gamma.bound_by_Gamma.
Print Assumptions MarginPoints.margin_T_at_most.
Print Assumptions MarginPoints.margin_T_zero.
Print Assumptions Gaps.constant_gap_at_most.
Print Assumptions Gaps.constant_gap_at_least.
Print Assumptions Gaps.all_gap_is_zero.
Print Assumptions Gaps.all_gap_at_most.
Print Assumptions Gaps.all_gap_at_least.
Print Assumptions Costs.costs_T_at_least.
Print Assumptions Costs.costs_T_at_most.
Print Assumptions TopLabels.top_swap.
Print Assumptions TopLabels.top_T_at_most.
Print Assumptions TopTies.top_tie.
Print Assumptions Bounded.bounded_swap.
Print Assumptions Bounded.bounded_swap_shares.
Print Assumptions BoundedAbove.bounded_risk_below.
Print Assumptions BoundedAbove.bounded_T_at_most.
Print Assumptions BoundedAbove.bounded_tie.
Print Assumptions Scores.scores_T_at_most.
