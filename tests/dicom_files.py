"""DICOM slices written for tests: any place, any tag, any series."""

import numpy as np
import pydicom

ROW, COLUMN = np.array([0, 1.0, 0]), np.array([-0.6, 0, 0.8])  # along a row, along a column
NORMAL = np.cross(ROW, COLUMN)
ORIGIN = np.array([5.0, -7, 9])


def write_slice(path, index, pixels, position, spacing=(0.5, 0.25), cosines=(*ROW, *COLUMN), **tags):
    """One file; a tag of None is left out."""
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = f"1.2.3.{index}"
    data.SeriesInstanceUID, data.InstanceNumber, data.Modality = "1.2.3", index + 1, "CT"
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelRepresentation = 15, 1
    data.PixelSpacing = list(spacing)
    data.ImageOrientationPatient = [round(float(v), 8) for v in cosines]
    data.ImagePositionPatient = [round(float(v), 6) for v in position]
    data.RescaleSlope, data.RescaleIntercept = 1, -1024
    data.PixelData = np.asarray(pixels, np.int16).tobytes()
    for name, value in tags.items():
        if value is None:
            delattr(data, name)
        else:
            setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)
