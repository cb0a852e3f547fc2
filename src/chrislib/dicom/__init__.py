"""chrislib dicom."""
