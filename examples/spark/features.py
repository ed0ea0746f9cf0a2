"""A Spark job: from the images of digits it makes the mean image of each digit, of all but every fifth image."""
import json
import os
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

data, partitions = sys.argv[1], int(sys.argv[2])
spark = SparkSession.builder.getOrCreate()
images = spark.read.csv("file://" + os.path.abspath(data), inferSchema=True)
pixels, label = images.columns[:-1], images.columns[-1]
images = images.withColumn("n", F.monotonically_increasing_id()).withColumn("held_out", F.col("n") % 5 == 0)
train = images.where(~F.col("held_out")).repartition(partitions).cache()

rows = train.count()
means = train.groupBy(label).agg(*[F.avg(p).alias(p) for p in pixels]).orderBy(label).collect()
with open(os.path.join(os.environ["KAON_ARTIFACTS"], "means.json"), "w") as f:
    json.dump({str(r[label]): [r[p] for p in pixels] for r in means}, f)
with open(os.environ["KAON_OUTPUT"], "w") as f:
    json.dump({"rows": rows, "digits": len(means)}, f)
spark.stop()
