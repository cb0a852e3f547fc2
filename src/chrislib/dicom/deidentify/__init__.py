"""De-identification of DICOM files by the profile of PS3.15 Annex E."""
