package s3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/kaon-sweep/kaon/results/bucket"
)

// explain says in the words of package bucket what went wrong, and what to look at. It is the one place that
// tells what may pass from what will not.
func (b *Bucket) explain(op, name string, err error) error {
	what := op + " s3://" + b.bucket
	if name != "" {
		what = op + " " + name
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: %w", what, err)
	}
	at := fmt.Sprintf("s3://%s at %s", b.bucket, b.where)
	response := minio.ToErrorResponse(err)
	if response.Code == "AuthorizationHeaderMalformed" || response.Code == "AuthorizationQueryParametersError" {
		where := "the region of the bucket"
		if response.Region != "" {
			where = response.Region
		}
		return fmt.Errorf("%s: %w: %s says that the request was signed for another region; set AWS_REGION to "+
			"%s, or ?region= in the address (%s)",
			what, bucket.ErrDenied, at, where, response.Message)
	}
	switch response.Code {
	case "RequestTimeTooSkewed":
		return fmt.Errorf("%s: %w: %s says that this machine's clock is off (%s); set it right, as NTP does", what,
			bucket.ErrDenied, at, response.Message)
	case "ExpiredToken", "TokenRefreshRequired", "InvalidToken":
		return fmt.Errorf("%s: %w: %s says that the session token is not good, or not any more (%s: %s); get "+
			"new credentials, of which "+
			"AWS_SESSION_TOKEN and both keys belong together, and start again with them", what, bucket.ErrDenied,
			at, response.Code, response.Message)
	case "PermanentRedirect":
		return fmt.Errorf("%s: %w: %s says that the bucket lies in another region or at another endpoint (%s); "+
			"set AWS_REGION or "+
			"AWS_ENDPOINT_URL_S3, or ?region= or ?endpoint= in the address", what, bucket.ErrNoBucket, at,
			response.Message)
	}
	switch kind := classify(response, err); kind {
	case bucket.ErrNotExist:
		return fmt.Errorf("%s: %w", what, kind)
	case bucket.ErrNoBucket:
		return fmt.Errorf("%s: %w: %s; make it, or check the address and the region", what, kind, at)
	case bucket.ErrDenied:
		return fmt.Errorf("%s: %w: %s says %s; check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, and "+
			"that they may read, write, list and delete there", what, kind, at, response.Code)
	case bucket.ErrUnavailable:
		return fmt.Errorf("%s: %w: %s: %w%s", what, kind, at, err, atConnecting(err))
	}
	return fmt.Errorf("%s: %s: %w", what, at, err)
}

// atConnecting is what to do about a connection that no further try makes good.
func atConnecting(err error) string {
	var untrusted *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &untrusted):
		return "; if it is the right server, name a file with the authority of its certificate in AWS_CA_BUNDLE"
	case errors.As(err, &plain), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "; the endpoint speaks no TLS: write http:// before it"
	}
	return ""
}

// classify is the error of package bucket that a response or a broken connection stands for, nil if none.
func classify(r minio.ErrorResponse, err error) error {
	switch r.Code {
	case minio.NoSuchKey:
		return bucket.ErrNotExist
	case minio.NoSuchBucket, "PermanentRedirect":
		return bucket.ErrNoBucket
	case "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
		"TokenRefreshRequired", "AuthorizationHeaderMalformed", "RequestTimeTooSkewed", "AllAccessDisabled",
		"XAdminUserNotFound": // versitygw's word for InvalidAccessKeyId
		return bucket.ErrDenied
	case "SlowDown", "RequestTimeout", "Throttling", "ThrottlingException", "RequestLimitExceeded", "InternalError",
		"ServiceUnavailable", "OperationAborted", "NoSuchUpload":
		return bucket.ErrUnavailable
	}
	var broken *url.Error
	var network net.Error
	switch {
	case r.StatusCode == http.StatusForbidden || r.StatusCode == http.StatusUnauthorized:
		return bucket.ErrDenied
	case r.StatusCode >= 500 || r.StatusCode == http.StatusTooManyRequests || r.StatusCode == http.StatusRequestTimeout,
		errors.As(err, &broken), errors.As(err, &network), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return bucket.ErrUnavailable
	}
	return nil
}
