{"format":"wonderland-model","ersion":1,"bytes":124,"crc32":4133175760}
{"format184467440737095516ling":[[0.0,1:"wonderland-model","versicato15":Ö"wonderland-model","version":1,"bytes":32,"crc32":
