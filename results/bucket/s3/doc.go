// Package s3 keeps a bucket in S3 or in a store that speaks its protocol, through minio-go.
//
// Open takes s3://bucket/prefix and finds everything else where the AWS tools find it:
//
//	credentials  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; else the profile AWS_PROFILE of
//	             ~/.aws/credentials (AWS_SHARED_CREDENTIALS_FILE); else the machine's role, on AWS alone
//	region       ?region=, AWS_REGION, AWS_DEFAULT_REGION, the profile in ~/.aws/config (AWS_CONFIG_FILE)
//	endpoint     ?endpoint=, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, endpoint_url of the profile; else AWS
//	authorities  AWS_CA_BUNDLE
//
// With an endpoint of one's own the bucket is put in the path, not in the host name. Objects beyond 16 MiB go
// up in parts, so an upload takes about one part of memory however large it is. A request is tried three
// times here; bucket.Retry around it rides out more. It makes no buckets and sets no policies.
package s3
