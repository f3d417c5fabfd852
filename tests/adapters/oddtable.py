"""Which contract tests an odd server is expected to fail, and why: test → server → reason. Each entry must fail.

A reason says what the product does about it; the tests of that are in `test_odd_contract.py` and
`tests/sync/test_odd_servers.py`.
"""

_TEAPOT = "418 after a deletion: the cursor counts as lost, and the calendar is listed whole from then on (A13)"
_WEAK = "no strong version: nothing is written into her events (C04)"
_LATIN1 = "our signs do not survive: found out with an event of our own, and nothing is written there (C10)"
_SHORT = "our text is cut: found out with an event of our own, and nothing is written there (C10)"
_STAMPS = "each answer carries another DTSTAMP: the same meaning in other bytes, and this test compares bytes"
_NO_SYNC = "without sync-collection a change costs a second question, and the answer is a whole listing"
_CARELESS = "the version is ignored: found out before the first write, and nothing is written there (C06)"
_DELETES = "it deletes whatever version is named: what we take out is read just before (C06)"
_WRITES = {"weak": _WEAK, "latin1": _LATIN1, "shortening": _SHORT}

DIFFERS: dict[str, dict[str, str]] = {
    "test_d01_a_change_whose_version_is_known_is_not_fetched": {"sabre1": _NO_SYNC, "weak": _WEAK},
    "test_many_changes_come_in_several_pages_and_the_cursor_with_the_last": {"sabre1": _NO_SYNC},
    "test_more_events_than_a_batch_come_in_several_pages": {
        "cutting": "the listing is cut without a word: what it lacks is asked for one by one before it counts (B09)"
    },
    "test_what_she_deletes_is_named_once": {"infomaniak": _TEAPOT},
    "test_what_changed_is_compared_with_what_is_known_of_it_alone": {"infomaniak": _TEAPOT},
    "test_what_came_and_went_between_two_passes_brings_nothing": {"infomaniak": _TEAPOT},
    "test_deleted_and_written_again_is_a_change": {"infomaniak": _TEAPOT},
    "test_a_name_with_blanks_and_accents_is_one_event": {"infomaniak": _TEAPOT, "weak": _WEAK},
    "test_the_probe_names_the_calendar_and_what_it_offers": {"weak": "the probe says so: no strong versions"},
    "test_what_is_got_is_what_was_listed": {"restamping": _STAMPS},
    "test_c01_our_part_is_written_and_nothing_else": {**_WRITES, "restamping": _STAMPS},
    "test_c05_who_was_faster_wins_over_us": {"restamping": _STAMPS},
    "test_c12_an_event_with_guests_is_refused_and_stays_as_it_is": {"restamping": _STAMPS},
    "test_c19_our_part_out_again_is_her_event_as_it_was": {**_WRITES, "restamping": _STAMPS},
    "test_a_calendar_that_is_only_read_takes_no_write": {"restamping": _STAMPS},
    "test_a_calendar_that_is_only_read_loses_no_event": {"restamping": _STAMPS},
    "test_the_version_moves_with_our_write_and_is_the_stored_one": {"weak": _WEAK},
    "test_our_part_is_replaced_not_doubled": _WRITES,
    "test_the_same_again_is_not_written": _WRITES,
    "test_p8_a_new_end_is_written_with_our_part": {"weak": _WEAK},
    "test_p45_the_whole_event_is_moved_and_nothing_else": {"weak": _WEAK},
    "test_p45_what_she_changed_meanwhile_is_not_moved": {"restamping": _STAMPS},
    "test_p45_a_series_or_an_event_with_guests_is_not_moved": {"restamping": _STAMPS},
    "test_after_a_conflict_her_version_comes_with_the_next_pass": {"weak": _WEAK, "latin1": _LATIN1},
    "test_what_she_writes_over_ours_is_seen_and_stays": {"weak": _WEAK},
    "test_her_text_survives_our_part": {
        "latin1": "the server itself drops her signs; ours would be dropped too, so nothing is written there (C10)",
        "shortening": "the server itself cuts her text, and ours would be cut too, so nothing is written there (C10)",
        "restamping": _STAMPS,
    },
    "test_removing_needs_the_version_that_stands": {
        "careless": _CARELESS,
        "weak": _WEAK,
        "sogo": _DELETES,
    },
    "test_what_she_made_of_our_event_is_not_overwritten_nor_taken_out": {"careless": _CARELESS, "sogo": _DELETES},
    "test_what_is_tried_out_before_the_first_write_leaves_nothing_behind": {
        "careless": "it is found out",
        "latin1": "it is found out",
        "shortening": "it is found out",
    },
    "test_removing_what_is_gone_is_a_conflict_that_says_so": {"weak": _WEAK},
}
