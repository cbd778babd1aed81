"""Paths of the front page, sign-in, sign-out and the account, included at the root of the site."""

from django.urls import include, path
from django.views.generic import RedirectView

from agents.accounts.account import (
    AccountView,
    AddressView,
    EndOthersView,
    EndSessionView,
    PasswordView,
    ProveView,
    WithdrawView,
)
from agents.accounts.entrance import CodeView, PasskeyView, SignInView, SignOutView
from agents.accounts.factors import (
    AppView,
    NewCodesView,
    NewPasskeyView,
    RemoveFactorView,
    SetUpView,
)
from agents.accounts.links import (
    ForgottenView,
    InvitationView,
    NewPasswordView,
    ProveAddressView,
    SentView,
)
from agents.accounts.oauth.views import authorize_or
from agents.accounts.providers import ConnectView, DisconnectView, LeaveView, callback
from agents.accounts.views import FrontView

account = [
    path("", AccountView.as_view(), name="account"),
    path("code/", CodeView.as_view(), name="mfa_authenticate"),
    path("passkey/", PasskeyView.as_view(), name="account_passkey"),
    path("set-up/", SetUpView.as_view(), name="account_set_up"),
    path("prove/", ProveView.as_view(), name="account_prove"),
    path("password/", PasswordView.as_view(), name="account_password"),
    path("address/", AddressView.as_view(), name="account_address"),
    path("app/", AppView.as_view(), name="account_app"),
    path("passkeys/add/", NewPasskeyView.as_view(), name="account_passkey_add"),
    path("factors/<int:factor_id>/", RemoveFactorView.as_view(), name="account_factor_remove"),
    path("recovery-codes/", NewCodesView.as_view(), name="account_codes"),
    path("consents/<int:consent_id>/end/", WithdrawView.as_view(), name="account_withdraw"),
    path("sessions/end/", EndOthersView.as_view(), name="account_sessions_end"),
    path("sessions/<slug:public_id>/end/", EndSessionView.as_view(), name="account_session_end"),
    # What links in mails lead to: with their token first, which the page itself goes without.
    path("invitation/", InvitationView.as_view(), name="account_invitation"),
    path("invitation/<str:token>/", InvitationView.as_view(), name="account_invitation"),
    path("forgotten/", ForgottenView.as_view(), name="account_forgotten"),
    path("forgotten/sent/", SentView.as_view(), name="account_forgotten_sent"),
    path("password/new/", NewPasswordView.as_view(), name="account_password_new"),
    path("password/new/<str:token>/", NewPasswordView.as_view(), name="account_password_new"),
    path("address/prove/", ProveAddressView.as_view(), name="account_address_prove"),
    path("address/prove/<str:token>/", ProveAddressView.as_view(), name="account_address_prove"),
    # Providers; the names are those the library knows.
    path("provider/<slug:provider_id>/", LeaveView.as_view(), name="openid_connect_login"),
    path("provider/<slug:provider_id>/callback/", callback, name="openid_connect_callback"),
    path("provider/<slug:provider_id>/connect/", ConnectView.as_view(), name="account_connect"),
    path("links/<int:link_id>/remove/", DisconnectView.as_view(), name="account_disconnect"),
]
"""Pages of one's own account, below ``/account/``."""

urlpatterns = [
    path("", include("agents.accounts.oauth.urls")),
    path("", authorize_or(FrontView.as_view()), name="front"),
    path("signin", authorize_or(SignInView.as_view(), at_sign_in=True), name="signin"),
    path("signout", SignOutView.as_view(), name="signout"),
    # The library's name for the page above, which is found first.
    path("signin", RedirectView.as_view(pattern_name="signin"), name="account_login"),
    path("account/", include(account)),
]
