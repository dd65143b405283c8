"""Which fields of the plan are written in every language."""

from __future__ import annotations

from modeltranslation.translator import TranslationOptions, register

from incidents import models


@register([models.About])
class AboutTexts(TranslationOptions):
    fields = ("name", "description", "owner")


@register([models.Service, models.FailoverPlan])
class DescribedTexts(TranslationOptions):
    fields = ("name", "description")


@register(
    [
        models.Region,
        models.RecoveryStage,
        models.Threshold,
        models.Rotation,
        models.RotationLayer,
        models.EscalationPolicy,
        models.ChecklistTemplate,
        models.ReportTemplate,
        models.UpdatePolicy,
    ]
)
class NamedTexts(TranslationOptions):
    fields = ("name",)


@register([models.FailoverStep])
class FailoverStepTexts(TranslationOptions):
    fields = ("title",)


@register([models.DegradationLevel])
class DegradationLevelTexts(TranslationOptions):
    fields = ("name", "message")


@register([models.RecoveryTask, models.ChecklistTemplateItem])
class TaskTexts(TranslationOptions):
    fields = ("text",)


@register([models.Contact])
class ContactTexts(TranslationOptions):
    fields = ("name", "title")


@register([models.Vendor])
class VendorTexts(TranslationOptions):
    fields = ("name", "plan")


@register([models.ReportSection])
class ReportSectionTexts(TranslationOptions):
    fields = ("heading", "body")


@register([models.UpdateWording])
class UpdateWordingTexts(TranslationOptions):
    fields = ("headline", "conditions", "actions", "needs")
