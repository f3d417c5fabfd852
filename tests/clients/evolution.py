"""Run by the system's Python, which has the bindings: an event goes through Evolution's data server (GNOME Calendar,
Evolution) and is printed as it is stored, before and after some of its words were replaced as Evolution's editor does.

    python3 evolution.py event.ics OLD NEW
"""

import sys
from pathlib import Path

import gi

gi.require_version("ECal", "2.0")
gi.require_version("EDataServer", "1.2")
gi.require_version("ICalGLib", "3.0")
from gi.repository import ECal, EDataServer, ICalGLib  # noqa: E402

file, old, new = sys.argv[1:]
source = EDataServer.SourceRegistry.new_sync(None).ref_default_calendar()
calendar = ECal.Client.connect_sync(source, ECal.ClientSourceType.EVENTS, 1, None)
whole = ICalGLib.Component.new_from_string(Path(file).read_text("utf-8"))
event = whole.get_first_component(ICalGLib.ComponentKind.VEVENT_COMPONENT)
_, uid = calendar.create_object_sync(event, ECal.OperationFlags.NONE, None)
_, event = calendar.get_object_sync(uid, None, None)
stored = event.as_ical_string()
text = event.get_first_property(ICalGLib.PropertyKind.DESCRIPTION_PROPERTY)
text.set_description(text.get_description().replace(old, new, 1))
calendar.modify_object_sync(event, ECal.ObjModType.ALL, ECal.OperationFlags.NONE, None)
_, event = calendar.get_object_sync(uid, None, None)
print(stored, event.as_ical_string(), sep="\n\n")
