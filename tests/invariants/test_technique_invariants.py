"""However techniques are combined, time and energy stay positive and the order does not matter."""

from hypothesis import given
from hypothesis import strategies as st

from sim.catalog import table
from sim.units import Range
from sim.workload.ranges import product
from sim.workload.techniques import combine, technique

NAMES = sorted(set(table("techniques")["technique"]))
WORKS = ("training", "inference")


@st.composite
def choices(draw):
    """Draw work and techniques that can be combined, and another order of them."""
    work = draw(st.sampled_from(WORKS))
    fitting = [name for name in NAMES if technique(name).rows_for(work)]
    chosen, groups = [], set()
    for name in draw(st.permutations(fitting)):
        group = technique(name).exclusive_group
        if group not in groups and draw(st.booleans()):
            chosen.append(name)
            groups |= {group} - {""}
    return work, chosen, draw(st.permutations(chosen))


@given(
    choices(),
    st.floats(0.1, 1e5),
    st.floats(1e6, 1e13),
)
def test_effects_are_positive_ordered_and_the_same_in_any_order(choice, batch, parameters):
    work, names, shuffled = choice
    found = combine(names, work, batch=batch, parameters_count=parameters)
    again = combine(shuffled, work, batch=batch, parameters_count=parameters)
    for effect in ("time_ratio", "power_ratio", "bytes_ratio", "gpus_ratio", "energy_ratio"):
        low, mid, high = getattr(found, effect)
        assert 0.0 < low <= mid <= high
        assert getattr(again, effect) == (low, mid, high)


ranges = st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=3).map(lambda v: Range(*sorted(v)))


@given(st.lists(ranges, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_product_holds_its_middle_and_is_no_wider_than_the_product_of_bounds(factors, random):
    low, mid, high = product(*factors)
    shuffled = list(factors)
    random.shuffle(shuffled)
    assert product(*shuffled) == (low, mid, high)
    least = mid
    most = mid
    for factor in factors:
        least *= factor.low / factor.mid
        most *= factor.high / factor.mid
    assert least * (1 - 1e-9) <= low <= mid <= high <= most * (1 + 1e-9)
