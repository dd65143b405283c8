"""Which fields of the drill calendar are written in every language."""

from __future__ import annotations

from modeltranslation.translator import TranslationOptions, register

from drills.models import DrillCalendar, DrillCriterion, DrillExercise


@register([DrillCalendar])
class DrillCalendarTexts(TranslationOptions):
    fields = ("name", "description")


@register([DrillExercise, DrillCriterion])
class NamedTexts(TranslationOptions):
    fields = ("name",)
